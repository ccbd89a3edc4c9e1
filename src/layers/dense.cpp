#include "xtape/layers/dense.hpp"

#include "base/check.hpp"
#include "layers/input_checks.hpp"
#include "layers/weight_options.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::layers {

Dense::Dense(std::int64_t units, DenseOptions options)
    : LayerBase(options, {{"units", units}}), units_(units), options_(std::move(options)) {
  if (units < 1) detail::fail<ValueError>("Dense", "expected a positive number of units, received units={}", units);
  set_activity_regularizer(options_.activity_regularizer);
  set_supports_masking(true);
}

void Dense::build(const Shape& input_shape) {
  detail::expect_min_ndim(*this, input_shape, 1);
  kernel_ = add_weight("kernel", {input_shape.back(), units_}, detail::kernel_options(options_));
  if (options_.use_bias) bias_ = add_weight("bias", {units_}, detail::bias_options(options_));
}

Tensor Dense::call(const Tensor& inputs) {
  detail::expect_axis(*this, inputs.shape(), -1, kernel_.shape()[0]);
  const bool relu = options_.activation.is(nn::relu);
  Tensor y = detail::dense(inputs, kernel_.stored_value(), options_.use_bias ? bias_.stored_value() : Tensor(), relu);
  return relu ? y : options_.activation(y);
}

}  // namespace xtape::layers
