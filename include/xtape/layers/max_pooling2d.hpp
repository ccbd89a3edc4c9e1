#pragma once

#include <optional>

#include "xtape/layers/layer.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::layers {

/// Keyword arguments of MaxPooling2D.
struct MaxPooling2DOptions {
  std::optional<Size2d> strides = {};  ///< unset: pool_size
  Padding padding = Padding::valid;
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(strides, padding, dtype, name)
};

/// The largest element of each window of an image, nn::max_pool2d: [batch, height, width, channels] -> [batch, height',
/// width', channels] (keras.layers.MaxPooling2D). Throws a ValueError for numbers below 1.
class MaxPooling2D : public LayerBase<MaxPooling2D> {
 public:
  explicit MaxPooling2D(Size2d pool_size = 2, MaxPooling2DOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Size2d pool_size_;
  MaxPooling2DOptions options_;
};
/// Keras's other name.
using MaxPool2D = MaxPooling2D;

}  // namespace xtape::layers
