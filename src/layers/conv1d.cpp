#include "xtape/layers/conv1d.hpp"

#include "base/check.hpp"
#include "layers/convolution.hpp"
#include "layers/input_checks.hpp"
#include "layers/weight_options.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/padding.hpp"

namespace xtape::layers {

Conv1DPadding::Conv1DPadding(const char* name) : kind_(causal) {
  if (std::string(name) != "causal" && std::string(name) != "CAUSAL") {
    try {
      kind_ = Conv1DPadding(Padding(name));
    } catch (const ValueError&) {
      detail::fail<ValueError>("Conv1D", "unknown padding '{}', expected one of: valid, same, causal", name);
    }
  }
}

Conv1DPadding Conv1DPadding::from_config(const ConfigValue& value) { return xtape::detail::text_of(value); }

Conv1D::Conv1D(std::int64_t filters, std::int64_t kernel_size, Conv1DOptions options)
    : LayerBase(options, {{"filters", filters}, {"kernel_size", kernel_size}}),
      filters_(filters),
      kernel_size_(kernel_size),
      options_(std::move(options)) {
  detail::check_filters("Conv1D", filters, options_.groups);
  detail::check_positive("Conv1D", "kernel_size", kernel_size);
  detail::check_positive("Conv1D", "strides", options_.strides);
  detail::check_positive("Conv1D", "dilation_rate", options_.dilation_rate);
  set_activity_regularizer(options_.activity_regularizer);
}

void Conv1D::build(const Shape& input_shape) {
  detail::check_images(*this, input_shape, 3, options_.groups);
  kernel_ = add_weight("kernel", {kernel_size_, input_shape.back() / options_.groups, filters_},
                       detail::kernel_options(options_));
  if (options_.use_bias) bias_ = add_weight("bias", {filters_}, detail::bias_options(options_));
}

Tensor Conv1D::call(const Tensor& inputs) {
  detail::check_images(*this, inputs.shape(), 3);
  detail::expect_axis(*this, inputs.shape(), -1, kernel_.shape()[1] * options_.groups);
  Tensor x = inputs;
  if (options_.padding == Conv1DPadding::causal) {
    x = pad(x, {{0, 0}, {(kernel_size_ - 1) * options_.dilation_rate, 0}, {0, 0}});
  }
  const bool relu = options_.activation.is(nn::relu);
  // Computed as an image of height 1.
  Tensor y = detail::conv2d(expand_dims(x, 1), expand_dims(kernel_, 0), options_.use_bias ? bias_.value() : Tensor(),
                            {.strides = {1, options_.strides},
                             .padding = options_.padding == Conv1DPadding::same ? Padding::same : Padding::valid,
                             .dilations = {1, options_.dilation_rate}},
                            relu);
  y = squeeze(y, 1);
  return relu ? y : options_.activation(y);
}

}  // namespace xtape::layers
