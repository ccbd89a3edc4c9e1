#pragma once

#include <optional>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/ops/reduce.hpp"

// More elementwise functions of floating tensors, under NumPy's and Keras's names: powers and logarithms of other
// bases, parts of numbers, angles. Broadcasting, dtypes and plain numbers are as in math.hpp.
namespace xtape {

/// 2^x
Tensor exp2(const Tensor& x);
/// The logarithm to the base 2; -inf at 0, NaN below.
Tensor log2(const Tensor& x);
/// The logarithm to the base 10; -inf at 0, NaN below.
Tensor log10(const Tensor& x);

/// The integer part, rounded towards zero. No gradient, as floor.
Tensor trunc(const Tensor& x);
/// Degrees to radians: x pi / 180.
Tensor deg2rad(const Tensor& x);
/// Radians to degrees: x 180 / pi.
Tensor rad2deg(const Tensor& x);

/// A bool tensor: whether the sign bit is set, so that it is true for -0.
Tensor signbit(const Tensor& x);
/// a with the sign of b; -0 is negative. The gradient for a is 1 or -1, and 0 at a = 0; that for b is 0.
Tensor copysign(const Tensor& a, const Tensor& b);
/// 0 for x < 0, `value` at 0, 1 for x > 0; NaN of NaN. The gradient for x is 0.
Tensor heaviside(const Tensor& x, const Tensor& value);
/// sqrt(a^2 + b^2) without overflow; infinite if either is and NaN if only the other is. The gradient is 0 at the
/// origin, as in PyTorch.
Tensor hypot(const Tensor& a, const Tensor& b);
/// log(e^a + e^b) without overflow.
Tensor logaddexp(const Tensor& a, const Tensor& b);

/// Keyword arguments of nan_to_num.
struct NanToNumOptions {
  double nan = 0;                     ///< what replaces NaN
  std::optional<double> posinf = {};  ///< what replaces infinity; none: the largest number of the dtype
  std::optional<double> neginf = {};  ///< what replaces -infinity; none: the smallest one

  XTAPE_FIELDS(nan, posinf, neginf)
};
/// x with NaN and infinities replaced by numbers (np.nan_to_num). The gradient is 0 where an element is replaced.
Tensor nan_to_num(const Tensor& x, const NanToNumOptions& options = {});

/// The number of elements that are not 0, NaN among them, as int64, of tensors of any dtype; axes and keepdims are as
/// in reduce.hpp. No gradient.
Tensor count_nonzero(const Tensor& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xtape
