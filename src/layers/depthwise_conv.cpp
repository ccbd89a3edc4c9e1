#include "xtape/layers/depthwise_conv.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "layers/convolution.hpp"
#include "layers/input_checks.hpp"
#include "layers/weight_options.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::layers {
namespace {

void check(const char* where, Size2d kernel_size, Size2d strides, Size2d dilation_rate, std::int64_t depth_multiplier) {
  detail::check_positive(where, "kernel_size", kernel_size);
  detail::check_positive(where, "strides", strides);
  detail::check_positive(where, "dilation_rate", dilation_rate);
  detail::check_positive(where, "depth_multiplier", depth_multiplier);
  if (std::max(strides.height, strides.width) > 1 && std::max(dilation_rate.height, dilation_rate.width) > 1) {
    detail::fail<ValueError>(where,
                             "`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: "
                             "strides=({}, {}) and dilation_rate=({}, {})",
                             strides.height, strides.width, dilation_rate.height, dilation_rate.width);
  }
}

}  // namespace

DepthwiseConv2D::DepthwiseConv2D(Size2d kernel_size, DepthwiseConv2DOptions options)
    : LayerBase(options, {{"kernel_size", kernel_size}}), kernel_size_(kernel_size), options_(std::move(options)) {
  check("DepthwiseConv2D", kernel_size, options_.strides, options_.dilation_rate, options_.depth_multiplier);
  set_activity_regularizer(options_.activity_regularizer);
}

void DepthwiseConv2D::build(const Shape& input_shape) {
  detail::check_images(*this, input_shape, 4);
  const std::int64_t channels = input_shape.back(), multiplier = options_.depth_multiplier;
  kernel_ = add_weight("kernel", {kernel_size_.height, kernel_size_.width, channels, multiplier},
                       detail::depthwise_options(options_));
  if (options_.use_bias) bias_ = add_weight("bias", {channels * multiplier}, detail::bias_options(options_));
}

Tensor DepthwiseConv2D::call(const Tensor& inputs) {
  detail::check_images(*this, inputs.shape(), 4);
  detail::expect_axis(*this, inputs.shape(), -1, kernel_.shape()[2]);
  Tensor y = nn::depthwise_conv2d(
      inputs, kernel_, {.strides = options_.strides, .padding = options_.padding, .dilations = options_.dilation_rate});
  if (options_.use_bias) y = nn::bias_add(y, bias_);
  return options_.activation(y);
}

DepthwiseConv1D::DepthwiseConv1D(std::int64_t kernel_size, DepthwiseConv1DOptions options)
    : LayerBase(options, {{"kernel_size", kernel_size}}), kernel_size_(kernel_size), options_(std::move(options)) {
  check("DepthwiseConv1D", {1, kernel_size}, {1, options_.strides}, {1, options_.dilation_rate},
        options_.depth_multiplier);
  set_activity_regularizer(options_.activity_regularizer);
}

void DepthwiseConv1D::build(const Shape& input_shape) {
  detail::check_images(*this, input_shape, 3);
  const std::int64_t channels = input_shape.back(), multiplier = options_.depth_multiplier;
  kernel_ = add_weight("kernel", {kernel_size_, channels, multiplier}, detail::depthwise_options(options_));
  if (options_.use_bias) bias_ = add_weight("bias", {channels * multiplier}, detail::bias_options(options_));
}

Tensor DepthwiseConv1D::call(const Tensor& inputs) {
  detail::check_images(*this, inputs.shape(), 3);
  detail::expect_axis(*this, inputs.shape(), -1, kernel_.shape()[1]);
  Tensor y = nn::depthwise_conv2d(
      expand_dims(inputs, 1), expand_dims(kernel_, 0),
      {.strides = {1, options_.strides}, .padding = options_.padding, .dilations = {1, options_.dilation_rate}});
  y = squeeze(y, 1);
  if (options_.use_bias) y = nn::bias_add(y, bias_);
  return options_.activation(y);
}

}  // namespace xtape::layers
