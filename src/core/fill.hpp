#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// A new tensor with every element `value`, converted to the dtype; `op` is what an error names.
Tensor filled(const Shape& shape, DType dtype, double value, const char* op = __builtin_FUNCTION());

}  // namespace xtape::detail
