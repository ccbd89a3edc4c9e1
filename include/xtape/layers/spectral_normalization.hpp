#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of SpectralNormalization.
struct SpectralNormalizationOptions {
  std::int64_t power_iterations = 1;
  std::string name = {};

  XTAPE_FIELDS(power_iterations, name)
};

/// A layer whose kernel, or embeddings, is divided by its largest singular value in each call in training
/// (keras.layers.SpectralNormalization; Miyato et al., 2018). With the kernel as a matrix W [..., k], and vector_u [1,
/// k], a weight that is not trained, each of the power_iterations is
///
///     v <- u W^T / |u W^T|    u <- v W / |v W|
///
/// and then W <- W / (v W u^T). The call itself assigns both weights, as in Keras; a kernel of zeros stays as it is.
/// Outside training it is the layer alone. The inputs, the output and its mask are those of the layer.
///
///     layers::SpectralNormalization(layers::Conv2D(64, 3))
///
/// Throws a ValueError for power_iterations < 1 and a layer without kernel and embeddings.
class SpectralNormalization : public LayerBase<SpectralNormalization> {
 public:
  explicit SpectralNormalization(AnyLayer layer, SpectralNormalizationOptions options = {});

  Layer& layer() const& { return *layer_; }
  Layer& layer() const&& = delete;  // would be gone with this one
  /// The weight that is normalized.
  const Variable& kernel() const& noexcept { return kernel_; }
  Variable kernel() const&& { return kernel_; }
  const Variable& vector_u() const& noexcept { return vector_u_; }
  Variable vector_u() const&& { return vector_u_; }

  /// None: the output has the mask that the layer gives it.
  Tensor compute_mask(const Tensor&, const Tensor&) override { return {}; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  void normalize();

  AnyLayer layer_;
  std::int64_t power_iterations_;
  Variable kernel_, vector_u_;
};

}  // namespace xtape::layers
