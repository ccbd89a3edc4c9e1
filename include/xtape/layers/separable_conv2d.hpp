#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/ops/activation_function.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::layers {

/// Keyword arguments of SeparableConv2D.
struct SeparableConv2DOptions {
  Size2d strides = 1;
  Padding padding = Padding::valid;
  Size2d dilation_rate = 1;
  std::int64_t depth_multiplier = 1;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer pointwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer depthwise_regularizer = {};
  Regularizer pointwise_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint depthwise_constraint = {};
  Constraint pointwise_constraint = {};
  Constraint bias_constraint = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(strides, padding, dilation_rate, depth_multiplier, activation, use_bias, depthwise_initializer,
               pointwise_initializer, bias_initializer, depthwise_regularizer, pointwise_regularizer, bias_regularizer,
               activity_regularizer, depthwise_constraint, pointwise_constraint, bias_constraint, dtype, name)
};

/// A depthwise convolution followed by a 1x1 convolution over the channels: [batch, height, width, channels] -> [batch,
/// height', width', filters], with depthwise_kernel [kernel_size, channels, depth_multiplier], pointwise_kernel [1, 1,
/// channels depth_multiplier, filters] and bias [filters] (keras.layers.SeparableConv2D). Throws a ValueError as Conv2D
/// does.
class SeparableConv2D : public LayerBase<SeparableConv2D> {
 public:
  SeparableConv2D(std::int64_t filters, Size2d kernel_size, SeparableConv2DOptions options = {});

  const Variable& depthwise_kernel() const& noexcept { return depthwise_kernel_; }
  Variable depthwise_kernel() const&& { return depthwise_kernel_; }
  const Variable& pointwise_kernel() const& noexcept { return pointwise_kernel_; }
  Variable pointwise_kernel() const&& { return pointwise_kernel_; }
  const Variable& bias() const& noexcept { return bias_; }
  Variable bias() const&& { return bias_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t filters_;
  Size2d kernel_size_;
  SeparableConv2DOptions options_;
  Variable depthwise_kernel_, pointwise_kernel_, bias_;
};
/// Keras's other name.
using SeparableConvolution2D = SeparableConv2D;

}  // namespace xtape::layers
