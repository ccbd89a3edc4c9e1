#include "xtape/layers/separable_conv2d.hpp"

#include "layers/convolution.hpp"
#include "layers/input_checks.hpp"
#include "layers/weight_options.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::layers {

SeparableConv2D::SeparableConv2D(std::int64_t filters, Size2d kernel_size, SeparableConv2DOptions options)
    : LayerBase(options, {{"filters", filters}, {"kernel_size", kernel_size}}),
      filters_(filters),
      kernel_size_(kernel_size),
      options_(std::move(options)) {
  detail::check_filters("SeparableConv2D", filters);
  detail::check_positive("SeparableConv2D", "kernel_size", kernel_size);
  detail::check_positive("SeparableConv2D", "strides", options_.strides);
  detail::check_positive("SeparableConv2D", "dilation_rate", options_.dilation_rate);
  detail::check_positive("SeparableConv2D", "depth_multiplier", options_.depth_multiplier);
  set_activity_regularizer(options_.activity_regularizer);
}

void SeparableConv2D::build(const Shape& input_shape) {
  detail::check_images(*this, input_shape, 4);
  const std::int64_t channels = input_shape.back(), multiplier = options_.depth_multiplier;
  depthwise_kernel_ = add_weight("depthwise_kernel", {kernel_size_.height, kernel_size_.width, channels, multiplier},
                                 detail::depthwise_options(options_));
  pointwise_kernel_ =
      add_weight("pointwise_kernel", {1, 1, channels * multiplier, filters_}, detail::pointwise_options(options_));
  if (options_.use_bias) bias_ = add_weight("bias", {filters_}, detail::bias_options(options_));
}

Tensor SeparableConv2D::call(const Tensor& inputs) {
  detail::check_images(*this, inputs.shape(), 4);
  detail::expect_axis(*this, inputs.shape(), -1, depthwise_kernel_.shape()[2]);
  const Tensor each = nn::depthwise_conv2d(
      inputs, depthwise_kernel_,
      {.strides = options_.strides, .padding = options_.padding, .dilations = options_.dilation_rate});
  const bool relu = options_.activation.is(nn::relu);
  const Tensor y = detail::conv2d(each, pointwise_kernel_, options_.use_bias ? bias_.value() : Tensor(), {}, relu);
  return relu ? y : options_.activation(y);
}

}  // namespace xtape::layers
