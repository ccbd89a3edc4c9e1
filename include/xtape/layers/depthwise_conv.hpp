#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/ops/activation_function.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::layers {

/// Keyword arguments of DepthwiseConv2D.
struct DepthwiseConv2DOptions {
  Size2d strides = 1;
  Padding padding = Padding::valid;
  std::int64_t depth_multiplier = 1;
  Size2d dilation_rate = 1;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer depthwise_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint depthwise_constraint = {};
  Constraint bias_constraint = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(strides, padding, depth_multiplier, dilation_rate, activation, use_bias, depthwise_initializer,
               bias_initializer, depthwise_regularizer, bias_regularizer, activity_regularizer, depthwise_constraint,
               bias_constraint, dtype, name)
};

/// Convolves each channel with its own depth_multiplier filters: [batch, height, width, channels] -> [batch, height',
/// width', channels depth_multiplier], with kernel [kernel_size, channels, depth_multiplier] and bias [channels
/// depth_multiplier] (keras.layers.DepthwiseConv2D). Throws a ValueError as Conv2D does, and for strides and dilations
/// that are both above 1.
class DepthwiseConv2D : public LayerBase<DepthwiseConv2D> {
 public:
  explicit DepthwiseConv2D(Size2d kernel_size, DepthwiseConv2DOptions options = {});

  const Variable& kernel() const& noexcept { return kernel_; }
  Variable kernel() const&& { return kernel_; }
  const Variable& bias() const& noexcept { return bias_; }
  Variable bias() const&& { return bias_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  Size2d kernel_size_;
  DepthwiseConv2DOptions options_;
  Variable kernel_, bias_;
};

/// Keyword arguments of DepthwiseConv1D.
struct DepthwiseConv1DOptions {
  std::int64_t strides = 1;
  Padding padding = Padding::valid;
  std::int64_t depth_multiplier = 1;
  std::int64_t dilation_rate = 1;
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer depthwise_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer depthwise_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint depthwise_constraint = {};
  Constraint bias_constraint = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(strides, padding, depth_multiplier, dilation_rate, activation, use_bias, depthwise_initializer,
               bias_initializer, depthwise_regularizer, bias_regularizer, activity_regularizer, depthwise_constraint,
               bias_constraint, dtype, name)
};

/// The same for sequences: [batch, steps, channels] -> [batch, steps', channels depth_multiplier], with kernel
/// [kernel_size, channels, depth_multiplier] (keras.layers.DepthwiseConv1D).
class DepthwiseConv1D : public LayerBase<DepthwiseConv1D> {
 public:
  explicit DepthwiseConv1D(std::int64_t kernel_size, DepthwiseConv1DOptions options = {});

  const Variable& kernel() const& noexcept { return kernel_; }
  Variable kernel() const&& { return kernel_; }
  const Variable& bias() const& noexcept { return bias_; }
  Variable bias() const&& { return bias_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t kernel_size_;
  DepthwiseConv1DOptions options_;
  Variable kernel_, bias_;
};

}  // namespace xtape::layers
