#include "xtape/transforms/grad.hpp"

#include "base/check.hpp"
#include "xtape/tape/mask.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::detail {

const Tensor& check_scalar(const char* op, const Tensor& value) {
  if (!value.defined()) fail<ValueError>(op, "the function returned an empty tensor, expected a scalar");
  if (value.size() != 1) {
    fail<ValueError>(op, "gradients are those of a scalar: the function returned a tensor of shape {}", value.shape());
  }
  return value;
}

Tensor identity(const Tensor& x) {
  return masked_like(x, record_elementwise("identity", {x}, make_alias(x), [](const Tensor& dy) { return Grads{dy}; }));
}

}  // namespace xtape::detail
