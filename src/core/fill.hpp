#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// A new tensor with every element `value`, converted to the dtype.
Tensor filled(const Shape& shape, DType dtype, double value);

}  // namespace xtape::detail
