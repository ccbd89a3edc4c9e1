#include "xtape/ops/quantile.hpp"

#include <limits>
#include <vector>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "ops/elementwise.hpp"
#include "ops/in_float32.hpp"
#include "ops/reduction_plan.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/sort.hpp"

namespace xtape {
namespace {

using detail::fail;

void check_parts(const char* op, const Tensor& q) {
  detail::launch(
      detail::LaunchKind::throws,
      [op](detail::Read parts) {
        const double* part = parts.data<double>();
        for (std::int64_t i = 0; i < parts.size(); ++i) {
          if (!(part[i] >= 0 && part[i] <= 1)) {
            fail<ValueError>(op, "expected parts from 0 to 1, received {} at position {}", part[i], i);
          }
        }
      },
      detail::convert(q, float64));
}

/// The reduced axes as one, at the end: [..., n].
Tensor reduced_last(const Tensor& x, const detail::ReductionPlan& plan) {
  std::vector<int> order;
  for (const bool reduced : {false, true}) {
    for (int axis = 0; axis < x.rank(); ++axis) {
      if ((plan.reduced[static_cast<std::size_t>(axis)] != 0) == reduced) order.push_back(axis);
    }
  }
  detail::PoolVector<std::int64_t> sizes(plan.squeezed.begin(), plan.squeezed.end());
  sizes.push_back(plan.count);
  return reshape(x.rank() > 1 ? transpose(x, order) : x, Shape(sizes));
}

/// Ranks that are not beyond the last one because of rounding.
Tensor as_indices(const Tensor& ranks, std::int64_t count) {
  return cast(minimum(stop_gradient(ranks), static_cast<double>(count - 1)), int64);
}

Tensor quantile_as(const char* op, const Tensor& x, const Tensor& part, const Axes& axes, const std::string& method,
                   bool keepdims) {
  detail::expect_floating(op, x.dtype());
  if (x.dtype() == bfloat16) return detail::in_float32(quantile_as, op, x, part, axes, method, keepdims);
  const bool linear = method == "linear", midpoint = method == "midpoint";
  if (!linear && !midpoint && method != "lower" && method != "higher" && method != "nearest") {
    fail<ValueError>(op,
                     "the method must be \"linear\", \"lower\", \"higher\", \"nearest\" or \"midpoint\": received "
                     "\"{}\"",
                     method);
  }
  const Tensor q = detail::strong(part, detail::common_dtype(op, x, part));
  check_parts(op, q);
  const detail::ReductionPlan plan = detail::reduction_plan(op, x.shape(), axes);
  const std::int64_t n = plan.count;
  if (n == 0) fail<ValueError>(op, "there is no element to choose: shape {} has a reduced axis of size 0", x.shape());
  const Tensor sorted = sort(reduced_last(x, plan));
  const int last = sorted.rank() - 1;
  const Tensor rank = flatten(q) * static_cast<double>(n - 1);
  const auto at = [&](const Tensor& ranks) { return gather(sorted, as_indices(ranks, n), last); };
  Tensor y;
  if (linear || midpoint) {
    const Tensor low = at(floor(rank)), high = at(ceil(rank));
    // Between equal infinities there is no difference.
    const Tensor apart = where(low == high, 0, high - low);
    y = low + apart * (linear ? rank - floor(rank) : Tensor(0.5));
  } else {
    y = at(method == "lower" ? floor(rank) : method == "higher" ? ceil(rank) : round(rank));
  }
  // NaN is sorted to the end.
  const Tensor largest = slice_axis(sorted, last, n - 1, 1);
  y = where(is_nan(largest), std::numeric_limits<double>::quiet_NaN(), y);
  const Shape& kept = keepdims ? plan.kept : plan.squeezed;
  detail::PoolVector<std::int64_t> sizes(q.shape().begin(), q.shape().end());
  sizes.insert(sizes.end(), kept.begin(), kept.end());
  return reshape(moveaxis(y, last, 0), Shape(sizes));
}

}  // namespace

Tensor quantile(const Tensor& x, const Tensor& q, const Axes& axes, const QuantileOptions& options, bool keepdims) {
  XTAPE_NOTE(quantile, x, q, axes, options, keepdims);
  return quantile_as("quantile", x, q, axes, options.method, keepdims);
}

Tensor median(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(median, x, axes, keepdims);
  return quantile_as("median", x, 0.5, axes, "linear", keepdims);
}

Tensor ptp(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(ptp, x, axes, keepdims);
  return reduce_max(x, axes, keepdims) - reduce_min(x, axes, keepdims);
}

}  // namespace xtape
