#pragma once

#include <optional>

#include "xtape/layers/layer.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::layers {

/// Keyword arguments of AveragePooling2D.
struct AveragePooling2DOptions {
  std::optional<Size2d> strides = {};  ///< unset: pool_size
  Padding padding = Padding::valid;
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(strides, padding, dtype, name)
};

/// The mean of the elements in each window of an image, without padding: [batch, height, width, channels] -> [batch,
/// height', width', channels] (keras.layers.AveragePooling2D). Throws a ValueError for numbers below 1.
class AveragePooling2D : public LayerBase<AveragePooling2D> {
 public:
  explicit AveragePooling2D(Size2d pool_size, AveragePooling2DOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Size2d pool_size_;
  AveragePooling2DOptions options_;
};
/// Keras's other name.
using AvgPool2D = AveragePooling2D;

}  // namespace xtape::layers
