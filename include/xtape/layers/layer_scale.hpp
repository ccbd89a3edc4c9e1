#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of LayerScale.
struct LayerScaleOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// x gamma with a trainable gamma [projection_dim] for the last axis, of which every element begins as init_values
/// (Touvron et al., Going Deeper with Image Transformers, 2021; the LayerScale of Keras's ConvNeXt). Throws a
/// ValueError for a projection_dim below 1, and for an input whose last axis has another size.
class LayerScale : public LayerBase<LayerScale> {
 public:
  LayerScale(double init_values, std::int64_t projection_dim, LayerScaleOptions options = {});
  Config config() const override;

  const Variable& gamma() const& noexcept { return gamma_; }
  Variable gamma() const&& { return gamma_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  double init_values_;
  std::int64_t projection_dim_;
  Variable gamma_;
};

}  // namespace xtape::layers
