#pragma once

#include <optional>

#include "xtape/layers/layer.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::layers {

/// Keyword arguments of MaxPooling1D and AveragePooling1D.
struct Pooling1DOptions {
  std::optional<std::int64_t> strides = {};  ///< unset: pool_size
  Padding padding = Padding::valid;
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(strides, padding, dtype, name)
};

/// The largest element of each window of a sequence: [batch, steps, channels] -> [batch, steps', channels]
/// (keras.layers.MaxPooling1D). Throws a ValueError for numbers below 1.
class MaxPooling1D : public LayerBase<MaxPooling1D> {
 public:
  explicit MaxPooling1D(std::int64_t pool_size = 2, Pooling1DOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t pool_size_;
  Pooling1DOptions options_;
};
/// Keras's other name.
using MaxPool1D = MaxPooling1D;

/// The mean of the elements in each window, without padding (keras.layers.AveragePooling1D). Shapes and errors are
/// those of MaxPooling1D.
class AveragePooling1D : public LayerBase<AveragePooling1D> {
 public:
  explicit AveragePooling1D(std::int64_t pool_size, Pooling1DOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t pool_size_;
  Pooling1DOptions options_;
};
/// Keras's other name.
using AvgPool1D = AveragePooling1D;

}  // namespace xtape::layers
