#include "xtape/layers/flatten.hpp"

#include "base/check.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::layers {

Flatten::Flatten(FlattenOptions options) : LayerBase(options) {}

Tensor Flatten::call(const Tensor& inputs) {
  if (inputs.rank() < 1) detail::fail<ValueError>("Flatten", "expected a batch, received a scalar");
  std::int64_t features = 1;  // not -1, which an empty batch does not determine
  for (int axis = 1; axis < inputs.rank(); ++axis) features *= inputs.shape()[axis];
  return reshape(inputs, {inputs.shape()[0], features});
}

}  // namespace xtape::layers
