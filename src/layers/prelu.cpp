#include "xtape/layers/prelu.hpp"

#include "base/check.hpp"
#include "layers/input_checks.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::layers {

PReLU::PReLU(PReLUOptions options) : LayerBase(options), options_(std::move(options)) { set_supports_masking(true); }

void PReLU::build(const Shape& input_shape) {
  detail::expect_min_ndim(*this, input_shape, 1);
  Shape shape(std::vector<std::int64_t>(input_shape.begin() + 1, input_shape.end()));
  for (const int axis : options_.shared_axes) {
    if (axis < 1 || axis >= input_shape.rank()) {
      detail::fail<ValueError>("PReLU", "expected shared_axes from 1 to {}, received {} for input shape {}",
                               input_shape.rank() - 1, axis, input_shape);
    }
    shape[axis - 1] = 1;
  }
  alpha_ = add_weight("alpha", shape,
                      {.initializer = options_.alpha_initializer,
                       .regularizer = options_.alpha_regularizer,
                       .constraint = options_.alpha_constraint});
}

Tensor PReLU::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), alpha_.rank() + 1);
  for (int axis = 0; axis < alpha_.rank(); ++axis) {
    if (alpha_.shape()[axis] != 1) detail::expect_axis(*this, inputs.shape(), axis + 1, alpha_.shape()[axis]);
  }
  return nn::relu(inputs) - alpha_ * nn::relu(-inputs);
}

}  // namespace xtape::layers
