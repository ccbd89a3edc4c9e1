#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// A tensor with elements of its own, not recorded; a plain number becomes an ordinary scalar.
Tensor copy(const Tensor& t);

/// The elements in another dtype, not recorded (xtape::cast is the recorded form). Floating to integer truncates
/// towards zero, saturates, and takes NaN to 0; to bool is `!= 0`. A plain number keeps its full value.
Tensor convert(const Tensor& t, DType dtype);

}  // namespace xtape::detail
