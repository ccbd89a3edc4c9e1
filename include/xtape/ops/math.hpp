#pragma once

#include "xtape/core/tensor.hpp"

// Elementwise ops, with NumPy's broadcasting for several operands. Two tensors must have the same dtype (otherwise a
// TypeError: cast one of them); a plain number takes the dtype of the other operand. Shapes that do not broadcast are a
// ValueError. Names, argument order and values at the limits of the domain are TensorFlow's (tf.math).
namespace xtape {

/// a + b
Tensor add(const Tensor& a, const Tensor& b);
/// a - b
Tensor subtract(const Tensor& a, const Tensor& b);
/// a b
Tensor multiply(const Tensor& a, const Tensor& b);
/// a / b of floating tensors; IEEE's infinities and NaN for a divisor of 0. Throws a TypeError for integers, since
/// Python and C++ define it differently: `cast(x, float32) / 255` divides, floordiv(x, 255) rounds down.
Tensor divide(const Tensor& a, const Tensor& b);
/// a^b of floating tensors. The gradient for b is y log a, and 0 where a <= 0, as in TensorFlow.
Tensor pow(const Tensor& a, const Tensor& b);
/// The larger of a and b; NaN if either is. The gradient goes to the larger one; to a where both are equal.
Tensor maximum(const Tensor& a, const Tensor& b);
/// The smaller of a and b; NaN if either is. The gradient goes to the smaller one; to a where both are equal.
Tensor minimum(const Tensor& a, const Tensor& b);

/// -x
Tensor negative(const Tensor& x);
/// |x|; the gradient is sign(x), 0 at 0.
Tensor abs(const Tensor& x);
/// -1, 0 or 1; NaN of NaN. Its gradient is zero.
Tensor sign(const Tensor& x);
/// x^2
Tensor square(const Tensor& x);
/// The square root; NaN below 0.
Tensor sqrt(const Tensor& x);
/// e^x
Tensor exp(const Tensor& x);
/// The natural logarithm; -inf at 0, NaN below.
Tensor log(const Tensor& x);
/// The hyperbolic tangent.
Tensor tanh(const Tensor& x);
/// 1 / (1 + e^-x)
Tensor sigmoid(const Tensor& x);

/// min(max(x, low), high), where low and high are numbers or tensors that broadcast; NaN stays NaN. The gradient goes
/// to x where low <= x <= high, elsewhere to the bound.
Tensor clip_by_value(const Tensor& x, const Tensor& low, const Tensor& high);

/// condition ? a : b, elementwise. The condition is a bool tensor; all three broadcast.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

/// Converts the elements to another dtype. Floating numbers are truncated towards zero and saturate as integers.
/// Gradients flow only between floating dtypes.
Tensor cast(const Tensor& x, AnyDType dtype);

/// Comparisons: bool tensors, with broadcasting and without gradients. Two different integer dtypes are compared by
/// value, so that `argmax(y) == labels` works.
Tensor equal(const Tensor& a, const Tensor& b);
Tensor not_equal(const Tensor& a, const Tensor& b);
Tensor less(const Tensor& a, const Tensor& b);
Tensor less_equal(const Tensor& a, const Tensor& b);
Tensor greater(const Tensor& a, const Tensor& b);
Tensor greater_equal(const Tensor& a, const Tensor& b);
/// Logic on bool tensors.
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);
Tensor logical_not(const Tensor& x);
/// The ops as operators.
inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return subtract(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return multiply(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return divide(a, b); }
inline Tensor operator-(const Tensor& x) { return negative(x); }
inline Tensor& operator+=(Tensor& a, const Tensor& b) { return a = add(a, b); }
inline Tensor& operator-=(Tensor& a, const Tensor& b) { return a = subtract(a, b); }
inline Tensor& operator*=(Tensor& a, const Tensor& b) { return a = multiply(a, b); }
inline Tensor& operator/=(Tensor& a, const Tensor& b) { return a = divide(a, b); }
/// Elementwise, as in TensorFlow 2; for identity see Tensor::is_same.
inline Tensor operator==(const Tensor& a, const Tensor& b) { return equal(a, b); }
inline Tensor operator!=(const Tensor& a, const Tensor& b) { return not_equal(a, b); }
inline Tensor operator<(const Tensor& a, const Tensor& b) { return less(a, b); }
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return less_equal(a, b); }
inline Tensor operator>(const Tensor& a, const Tensor& b) { return greater(a, b); }
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return greater_equal(a, b); }
// Elementwise logic on bool tensors, as in NumPy and TensorFlow. &&
// ! work on bools of one element.
inline Tensor operator&(const Tensor& a, const Tensor& b) { return logical_and(a, b); }
inline Tensor operator|(const Tensor& a, const Tensor& b) { return logical_or(a, b); }
inline Tensor operator~(const Tensor& x) { return logical_not(x); }

/// x unchanged forward; no gradient flows back through it (tf.stop_gradient).
Tensor stop_gradient(const Tensor& x);

}  // namespace xtape
