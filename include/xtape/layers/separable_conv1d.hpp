#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/ops/activation_function.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::layers {

/// Keyword arguments of SeparableConv1D.
struct SeparableConv1DOptions {
  std::int64_t strides = 1;
  Padding padding = Padding::valid;
  std::int64_t dilation_rate = 1;
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

/// A depthwise convolution over the steps of a sequence, followed by a convolution of size 1 over the channels: [batch,
/// steps, channels] -> [batch, steps', filters], with depthwise_kernel [kernel_size, channels, depth_multiplier],
/// pointwise_kernel [1, channels depth_multiplier, filters] and bias [filters] (keras.layers.SeparableConv1D). Throws a
/// ValueError as Conv1D does.
class SeparableConv1D : public LayerBase<SeparableConv1D> {
 public:
  SeparableConv1D(std::int64_t filters, std::int64_t kernel_size, SeparableConv1DOptions options = {});

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
  std::int64_t filters_, kernel_size_;
  SeparableConv1DOptions options_;
  Variable depthwise_kernel_, pointwise_kernel_, bias_;
};
/// Keras's other name.
using SeparableConvolution1D = SeparableConv1D;

}  // namespace xtape::layers
