#include "xtape/layers/dense.hpp"

#include "core/check.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::layers {

Dense::Dense(std::int64_t units, DenseOptions options)
    : LayerBase(options.name), units_(units), options_(std::move(options)) {
  if (units < 1) detail::fail<ValueError>("Dense", "expected a positive number of units, received units={}", units);
}

void Dense::build(const Shape& input_shape) {
  if (input_shape.rank() < 1)
    detail::fail<ValueError>("Dense", "expected an input of rank 1 or more, received a scalar");
  kernel_ = add_weight("kernel", {input_shape.back(), units_},
                       {.initializer = options_.kernel_initializer, .dtype = options_.dtype});
  if (options_.use_bias) {
    bias_ = add_weight("bias", {units_}, {.initializer = options_.bias_initializer, .dtype = options_.dtype});
  }
}

Tensor Dense::call(const Tensor& inputs) {
  if (inputs.rank() < 1 || inputs.shape().back() != kernel_.shape()[0]) {
    detail::fail<ValueError>("Dense", "expected axis -1 of the input to have size {}, received an input of shape {}",
                             kernel_.shape()[0], inputs.shape());
  }
  const bool relu = options_.activation.is(nn::relu);
  Tensor y = detail::dense(inputs, kernel_, options_.use_bias ? bias_.value() : Tensor(), relu);
  return relu ? y : options_.activation(y);
}

}  // namespace xtape::layers
