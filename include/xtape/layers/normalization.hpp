#pragma once

#include <vector>

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Normalization.
struct NormalizationOptions {
  std::vector<int> axis = {-1};  ///< those that have means of their own; none: one mean of all
  Tensor mean = {};              ///< given both, instead of adapt
  Tensor variance = {};
  bool invert = false;  ///< x sqrt(variance) + mean
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(axis, mean, variance, invert, dtype, name)
};

/// (x - mean) / max(sqrt(variance), 1e-7) with the mean and variance of data seen before training
/// (keras.layers.Normalization):
///
///     layers::Normalization normalize;
///     normalize.adapt(train_images);
///
/// Until then 0 and 1. Weights, not trainable: mean and variance, of the sizes of the axes. Inputs of an integer dtype
/// become the layer's. Throws a ValueError for one of mean and variance without the other and for inputs of other
/// sizes.
class Normalization : public LayerBase<Normalization> {
 public:
  explicit Normalization(NormalizationOptions options = {});

  /// Takes the mean and variance of these data, [samples, ...]. Throws a ValueError for a layer that was given them,
  /// and for no data.
  void adapt(const Tensor& data);

  /// The mean and variance as they are used, of the rank of the inputs. A ValueError before there are inputs.
  Tensor mean() const;
  Tensor variance() const;

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  void check_built() const;
  Tensor in_place(const Tensor& statistic) const;

  NormalizationOptions options_;
  Variable mean_, variance_;
  std::vector<std::int64_t> broadcast_;  ///< the kept axes' sizes, 1 for the others
};

}  // namespace xtape::layers
