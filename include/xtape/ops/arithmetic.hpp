#pragma once

#include "xtape/core/tensor.hpp"

// More elementwise ops of two operands. Broadcasting, dtypes and plain numbers are as in math.hpp.
namespace xtape {

/// a / b of floating tensors, and 0 where b is 0, even if a is NaN; there the gradients are 0 too
/// (tf.math.divide_no_nan).
Tensor divide_no_nan(const Tensor& a, const Tensor& b);
/// floor(a / b), of integers too. Throws a ValueError for an integer divisor of 0. No gradient, as in TensorFlow.
Tensor floordiv(const Tensor& a, const Tensor& b);
/// The remainder of floordiv, with the sign of b, as Python's % and tf.math.mod: a - b floordiv(a, b), computed without
/// rounding the quotient. Throws a ValueError for an integer divisor of 0; a floating one gives NaN.
Tensor mod(const Tensor& a, const Tensor& b);
/// (a - b)^2
Tensor squared_difference(const Tensor& a, const Tensor& b);
/// The angle of the point (x, y), from -pi to pi: atan2(y, x). The gradient at the origin is NaN.
Tensor atan2(const Tensor& y, const Tensor& x);
/// Whether exactly one of two bools is true.
Tensor logical_xor(const Tensor& a, const Tensor& b);

}  // namespace xtape
