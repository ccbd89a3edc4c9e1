#pragma once

#include <vector>

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Normalization.
struct NormalizationOptions {
  std::vector<int> axis = {-1};  ///< the axes whose indices each have their own mean; empty: one mean for all
  Tensor mean = {};              ///< set both instead of calling adapt()
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
/// Before adapt() they are 0 and 1. Its weights mean and variance are not trainable and have the sizes of `axis`. The
/// third weight, the integer count, is Keras's too, and is not used by either.
/// Integer inputs are cast to the layer's dtype. Throws a ValueError if only one of mean and variance is given, and for
/// inputs of other sizes.
class Normalization : public LayerBase<Normalization> {
 public:
  explicit Normalization(NormalizationOptions options = {});

  /// Sets mean and variance to those of these data [samples, ...]. Throws a ValueError if they were given as options,
  /// and for empty data.
  void adapt(const Tensor& data);

  /// The mean and variance in use, with the rank of the inputs. Throws a ValueError before the layer is built.
  Tensor mean() const;
  Tensor variance() const;

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  void check_built() const;
  Tensor in_place(const Tensor& statistic) const;

  NormalizationOptions options_;
  Variable mean_, variance_, count_;
  std::vector<std::int64_t> broadcast_;  ///< the sizes of `axis`, 1 for the other axes
};

}  // namespace xtape::layers
