#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// A new tensor with every element `value`, converted to the dtype. Errors name `op`.
Tensor filled(const Shape& shape, DType dtype, double value, const char* op = __builtin_FUNCTION());

}  // namespace xtape::detail
