#include "xtape/layers/conv2d.hpp"

#include "layers/convolution.hpp"
#include "layers/input_checks.hpp"
#include "layers/weight_options.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::layers {

Conv2D::Conv2D(std::int64_t filters, Size2d kernel_size, Conv2DOptions options)
    : LayerBase(options, {{"filters", filters}, {"kernel_size", kernel_size}}),
      filters_(filters),
      kernel_size_(kernel_size),
      options_(std::move(options)) {
  detail::check_filters("Conv2D", filters, options_.groups);
  detail::check_positive("Conv2D", "kernel_size", kernel_size);
  detail::check_positive("Conv2D", "strides", options_.strides);
  detail::check_positive("Conv2D", "dilation_rate", options_.dilation_rate);
  set_activity_regularizer(options_.activity_regularizer);
}

void Conv2D::build(const Shape& input_shape) {
  detail::check_images(*this, input_shape, 4, options_.groups);
  kernel_ =
      add_weight("kernel", {kernel_size_.height, kernel_size_.width, input_shape.back() / options_.groups, filters_},
                 detail::kernel_options(options_));
  if (options_.use_bias) bias_ = add_weight("bias", {filters_}, detail::bias_options(options_));
}

Tensor Conv2D::call(const Tensor& inputs) {
  detail::check_images(*this, inputs.shape(), 4);
  detail::expect_axis(*this, inputs.shape(), -1, kernel_.shape()[2] * options_.groups);
  const bool relu = options_.activation.is(nn::relu);
  const Tensor y = detail::conv2d(
      inputs, kernel_, options_.use_bias ? bias_.value() : Tensor(),
      {.strides = options_.strides, .padding = options_.padding, .dilations = options_.dilation_rate}, relu);
  return relu ? y : options_.activation(y);
}

}  // namespace xtape::layers
