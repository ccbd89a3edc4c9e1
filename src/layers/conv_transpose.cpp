#include "xtape/layers/conv_transpose.hpp"

#include "base/check.hpp"
#include "layers/convolution.hpp"
#include "layers/input_checks.hpp"
#include "layers/weight_options.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::layers {
namespace {

void check(const char* where, std::int64_t filters, Size2d kernel_size, Size2d strides, Size2d dilation_rate,
           std::optional<Size2d> output_padding) {
  detail::check_filters(where, filters);
  detail::check_positive(where, "kernel_size", kernel_size);
  detail::check_positive(where, "strides", strides);
  detail::check_positive(where, "dilation_rate", dilation_rate);
  if (!output_padding) return;
  const auto [height, width] = *output_padding;
  if (height < 0 || width < 0 || height >= strides.height || width >= strides.width) {
    detail::fail<ValueError>(where,
                             "Strides must be greater than output padding. Received strides=({}, {}), "
                             "output_padding=({}, {})",
                             strides.height, strides.width, height, width);
  }
}

std::int64_t output_length(std::int64_t length, std::int64_t kernel_size, std::int64_t stride, std::int64_t dilation,
                           bool same, std::int64_t output_padding) {
  const std::int64_t window = (kernel_size - 1) * dilation + 1;
  return (length - 1) * stride + window - 2 * (same ? window / 2 : 0) + output_padding;
}

}  // namespace

Conv2DTranspose::Conv2DTranspose(std::int64_t filters, Size2d kernel_size, Conv2DTransposeOptions options)
    : LayerBase(options, {{"filters", filters}, {"kernel_size", kernel_size}}),
      filters_(filters),
      kernel_size_(kernel_size),
      options_(std::move(options)) {
  check("Conv2DTranspose", filters, kernel_size, options_.strides, options_.dilation_rate, options_.output_padding);
  set_activity_regularizer(options_.activity_regularizer);
}

void Conv2DTranspose::build(const Shape& input_shape) {
  detail::check_images(*this, input_shape, 4);
  kernel_ = add_weight("kernel", {kernel_size_.height, kernel_size_.width, filters_, input_shape.back()},
                       detail::kernel_options(options_));
  if (options_.use_bias) bias_ = add_weight("bias", {filters_}, detail::bias_options(options_));
}

Tensor Conv2DTranspose::call(const Tensor& inputs) {
  detail::check_images(*this, inputs.shape(), 4);
  detail::expect_axis(*this, inputs.shape(), -1, kernel_.shape()[3]);
  nn::Conv2dTransposeOptions options = {
      .strides = options_.strides, .padding = options_.padding, .dilations = options_.dilation_rate};
  if (options_.output_padding) {
    const bool same = options_.padding == Padding::same;
    options.output_shape = Shape{inputs.shape()[0],
                                 output_length(inputs.shape()[1], kernel_size_.height, options_.strides.height,
                                               options_.dilation_rate.height, same, options_.output_padding->height),
                                 output_length(inputs.shape()[2], kernel_size_.width, options_.strides.width,
                                               options_.dilation_rate.width, same, options_.output_padding->width),
                                 filters_};
  }
  Tensor y = nn::conv2d_transpose(inputs, kernel_, options);
  if (options_.use_bias) y = nn::bias_add(y, bias_);
  return options_.activation(y);
}

Conv1DTranspose::Conv1DTranspose(std::int64_t filters, std::int64_t kernel_size, Conv1DTransposeOptions options)
    : LayerBase(options, {{"filters", filters}, {"kernel_size", kernel_size}}),
      filters_(filters),
      kernel_size_(kernel_size),
      options_(std::move(options)) {
  std::optional<Size2d> output_padding;
  if (options_.output_padding) output_padding = Size2d(0, *options_.output_padding);
  check("Conv1DTranspose", filters, {1, kernel_size}, {1, options_.strides}, {1, options_.dilation_rate},
        output_padding);
  set_activity_regularizer(options_.activity_regularizer);
}

void Conv1DTranspose::build(const Shape& input_shape) {
  detail::check_images(*this, input_shape, 3);
  kernel_ = add_weight("kernel", {kernel_size_, filters_, input_shape.back()}, detail::kernel_options(options_));
  if (options_.use_bias) bias_ = add_weight("bias", {filters_}, detail::bias_options(options_));
}

Tensor Conv1DTranspose::call(const Tensor& inputs) {
  detail::check_images(*this, inputs.shape(), 3);
  detail::expect_axis(*this, inputs.shape(), -1, kernel_.shape()[2]);
  nn::Conv2dTransposeOptions options = {
      .strides = {1, options_.strides}, .padding = options_.padding, .dilations = {1, options_.dilation_rate}};
  if (options_.output_padding) {
    options.output_shape =
        Shape{inputs.shape()[0], 1,
              output_length(inputs.shape()[1], kernel_size_, options_.strides, options_.dilation_rate,
                            options_.padding == Padding::same, *options_.output_padding),
              filters_};
  }
  Tensor y = squeeze(nn::conv2d_transpose(expand_dims(inputs, 1), expand_dims(kernel_, 0), options), 1);
  if (options_.use_bias) y = nn::bias_add(y, bias_);
  return options_.activation(y);
}

}  // namespace xtape::layers
