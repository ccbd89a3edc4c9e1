#pragma once

#include "xtape/core/tensor.hpp"

// Elementwise elementary and special functions of floating tensors. Outside the domain of a function the result is NaN.
// Names and values at the limits of the domain are TensorFlow's (tf.math).
namespace xtape {

/// 1 / x
Tensor reciprocal(const Tensor& x);
/// 1 / sqrt(x)
Tensor rsqrt(const Tensor& x);
/// e^x - 1, accurate near 0.
Tensor expm1(const Tensor& x);
/// log(1 + x), accurate near 0.
Tensor log1p(const Tensor& x);
/// Trigonometric and hyperbolic functions and their inverses; angles are in radians.
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tan(const Tensor& x);
Tensor asin(const Tensor& x);
Tensor acos(const Tensor& x);
Tensor atan(const Tensor& x);
Tensor sinh(const Tensor& x);
Tensor cosh(const Tensor& x);
Tensor asinh(const Tensor& x);
Tensor acosh(const Tensor& x);
Tensor atanh(const Tensor& x);

/// 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x.
Tensor erf(const Tensor& x);
/// 1 - erf(x), accurate for large x.
Tensor erfc(const Tensor& x);
/// log |Gamma(x)|; infinite at 0 and the negative integers.
Tensor lgamma(const Tensor& x);
/// The derivative of lgamma: d/dx log Gamma(x).
Tensor digamma(const Tensor& x);
/// The n-th derivative of digamma, n >= 0; NaN for x < 0 where n > 1, as in TensorFlow. Throws a ValueError for n < 0.
Tensor polygamma(int n, const Tensor& x);

/// floor: the largest integer <= x; ceil: the smallest integer >= x; round: the nearest, ties to even. They have no
/// gradient, as in TensorFlow.
Tensor floor(const Tensor& x);
Tensor ceil(const Tensor& x);
Tensor round(const Tensor& x);

/// Bool tensors: whether each element is NaN; is +inf or -inf; is neither.
Tensor is_nan(const Tensor& x);
Tensor is_inf(const Tensor& x);
Tensor is_finite(const Tensor& x);

}  // namespace xtape
