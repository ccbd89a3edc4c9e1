#include "xtape/ops/nan_statistics.hpp"

#include <limits>

#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "ops/in_float32.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"

namespace xtape {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// x with another number instead of NaN.
Tensor filled(const char* op, const Tensor& x, double number) {
  detail::expect_floating(op, x.dtype());
  return where(is_nan(x), number, x);
}

/// The number of elements that are not NaN, in x's dtype.
Tensor count(const Tensor& x, const Axes& axes, bool keepdims) {
  return reduce_sum(cast(logical_not(is_nan(x)), x.dtype()), axes, keepdims);
}

Tensor mean_of(const char* op, const Tensor& x, const Axes& axes, bool keepdims) {
  const Tensor total = reduce_sum(filled(op, x, 0), axes, keepdims), n = count(x, axes, keepdims);
  // Not 0 / 0, of which gradients of second order are NaN.
  return where(n == 0, nan, total / maximum(n, 1));
}

Tensor variance(const char* op, const Tensor& x, const Axes& axes, bool keepdims) {
  detail::expect_floating(op, x.dtype());
  const Tensor known = logical_not(is_nan(x)), mean = mean_of(op, x, axes, true);
  const Tensor apart = where(known, filled(op, x, 0) - where(is_nan(mean), 0, mean), 0);
  const Tensor n = count(x, axes, keepdims);
  return where(n == 0, nan, reduce_sum(square(apart), axes, keepdims) / maximum(n, 1));
}

Tensor extreme(const Tensor& x, const Axes& axes, bool keepdims, bool largest) {
  const char* op = largest ? "nanmax" : "nanmin";
  const Tensor y = largest ? reduce_max(filled(op, x, -infinity), axes, keepdims)
                           : reduce_min(filled(op, x, infinity), axes, keepdims);
  return where(reduce_all(is_nan(x), axes, keepdims), nan, y);
}

}  // namespace

Tensor nansum(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(nansum, x, axes, keepdims);
  return reduce_sum(filled("nansum", x, 0), axes, keepdims);
}

Tensor nanprod(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(nanprod, x, axes, keepdims);
  return reduce_prod(filled("nanprod", x, 1), axes, keepdims);
}

Tensor nanmean(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(nanmean, x, axes, keepdims);
  if (x.dtype() == bfloat16) return detail::in_float32(nanmean, x, axes, keepdims);
  return mean_of("nanmean", x, axes, keepdims);
}

Tensor nanmax(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(nanmax, x, axes, keepdims);
  return extreme(x, axes, keepdims, true);
}

Tensor nanmin(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(nanmin, x, axes, keepdims);
  return extreme(x, axes, keepdims, false);
}

Tensor nanvar(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(nanvar, x, axes, keepdims);
  if (x.dtype() == bfloat16) return detail::in_float32(nanvar, x, axes, keepdims);
  return variance("nanvar", x, axes, keepdims);
}

Tensor nanstd(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(nanstd, x, axes, keepdims);
  if (x.dtype() == bfloat16) return detail::in_float32(nanstd, x, axes, keepdims);
  const Tensor y = variance("nanstd", x, axes, keepdims), none = y == 0;
  return where(none, 0, sqrt(where(none, 1, y)));
}

}  // namespace xtape
