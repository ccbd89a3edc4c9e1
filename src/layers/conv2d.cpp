#include "xtape/layers/conv2d.hpp"

#include "core/check.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::layers {
namespace {

void check_positive(const char* what, Size2d size) {
  if (size.height < 1 || size.width < 1) {
    detail::fail<ValueError>("Conv2D", "expected a positive {}, received ({}, {})", what, size.height, size.width);
  }
}

}  // namespace

Conv2D::Conv2D(std::int64_t filters, Size2d kernel_size, Conv2DOptions options)
    : LayerBase(options.name), filters_(filters), kernel_size_(kernel_size), options_(std::move(options)) {
  const std::int64_t groups = options_.groups;
  if (groups < 1)
    detail::fail<ValueError>("Conv2D", "expected a positive number of groups, received groups={}", groups);
  if (filters < 1 || filters % groups != 0) {
    detail::fail<ValueError>("Conv2D",
                             "expected a positive number of filters, a multiple of groups={}: received "
                             "filters={}",
                             groups, filters);
  }
  check_positive("kernel_size", kernel_size);
  check_positive("strides", options_.strides);
  check_positive("dilation_rate", options_.dilation_rate);
}

void Conv2D::build(const Shape& input_shape) {
  if (input_shape.rank() != 4) {
    detail::fail<ValueError>("Conv2D", "expected images [batch, height, width, channels], received shape {}",
                             input_shape);
  }
  const std::int64_t channels = input_shape.back(), groups = options_.groups;
  if (channels < 1 || channels % groups != 0) {
    detail::fail<ValueError>("Conv2D", "expected channels that are a multiple of groups={}, received shape {}", groups,
                             input_shape);
  }
  kernel_ = add_weight("kernel", {kernel_size_.height, kernel_size_.width, channels / groups, filters_},
                       {.initializer = options_.kernel_initializer, .dtype = options_.dtype});
  if (options_.use_bias) {
    bias_ = add_weight("bias", {filters_}, {.initializer = options_.bias_initializer, .dtype = options_.dtype});
  }
}

Tensor Conv2D::call(const Tensor& inputs) {
  const std::int64_t channels = kernel_.shape()[2] * options_.groups;
  if (inputs.rank() != 4 || inputs.shape().back() != channels) {
    detail::fail<ValueError>("Conv2D", "expected images [batch, height, width, {}], received shape {}", channels,
                             inputs.shape());
  }
  const bool relu = options_.activation.is(nn::relu);
  const Tensor y = detail::conv2d(
      inputs, kernel_, options_.use_bias ? bias_.value() : Tensor(),
      {.strides = options_.strides, .padding = options_.padding, .dilations = options_.dilation_rate}, relu);
  return relu ? y : options_.activation(y);
}

}  // namespace xtape::layers
