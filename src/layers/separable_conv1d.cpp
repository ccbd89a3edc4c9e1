#include "xtape/layers/separable_conv1d.hpp"

#include "layers/convolution.hpp"
#include "layers/input_checks.hpp"
#include "layers/weight_options.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::layers {

SeparableConv1D::SeparableConv1D(std::int64_t filters, std::int64_t kernel_size, SeparableConv1DOptions options)
    : LayerBase(options, {{"filters", filters}, {"kernel_size", kernel_size}}),
      filters_(filters),
      kernel_size_(kernel_size),
      options_(std::move(options)) {
  detail::check_filters("SeparableConv1D", filters);
  detail::check_positive("SeparableConv1D", "kernel_size", kernel_size);
  detail::check_positive("SeparableConv1D", "strides", options_.strides);
  detail::check_positive("SeparableConv1D", "dilation_rate", options_.dilation_rate);
  detail::check_positive("SeparableConv1D", "depth_multiplier", options_.depth_multiplier);
  set_activity_regularizer(options_.activity_regularizer);
}

void SeparableConv1D::build(const Shape& input_shape) {
  detail::check_images(*this, input_shape, 3);
  const std::int64_t channels = input_shape.back(), multiplier = options_.depth_multiplier;
  depthwise_kernel_ =
      add_weight("depthwise_kernel", {kernel_size_, channels, multiplier}, detail::depthwise_options(options_));
  pointwise_kernel_ =
      add_weight("pointwise_kernel", {1, channels * multiplier, filters_}, detail::pointwise_options(options_));
  if (options_.use_bias) bias_ = add_weight("bias", {filters_}, detail::bias_options(options_));
}

Tensor SeparableConv1D::call(const Tensor& inputs) {
  detail::check_images(*this, inputs.shape(), 3);
  detail::expect_axis(*this, inputs.shape(), -1, depthwise_kernel_.shape()[1]);
  // Computed as an image of height 1.
  const Tensor each = nn::depthwise_conv2d(
      expand_dims(inputs, 1), expand_dims(depthwise_kernel_, 0),
      {.strides = {1, options_.strides}, .padding = options_.padding, .dilations = {1, options_.dilation_rate}});
  const bool relu = options_.activation.is(nn::relu);
  const Tensor y = squeeze(
      detail::conv2d(each, expand_dims(pointwise_kernel_, 0), options_.use_bias ? bias_.value() : Tensor(), {}, relu),
      1);
  return relu ? y : options_.activation(y);
}

}  // namespace xtape::layers
