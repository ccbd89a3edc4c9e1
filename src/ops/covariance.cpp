#include "xtape/ops/covariance.hpp"

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "ops/in_float32.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape {
namespace {

/// The covariances of the rows of x, [variables, variables].
Tensor covariances(const char* op, const Tensor& x, const CovOptions& options) {
  detail::expect_floating(op, x.dtype());
  if (x.rank() != 1 && x.rank() != 2) {
    detail::fail<ValueError>(op, "expected [variables, observations] or [observations], received shape {}", x.shape());
  }
  const Tensor rows = x.rank() == 1 ? expand_dims(x, 0) : options.rowvar ? x : transpose(x);
  const Tensor apart = rows - reduce_mean(rows, 1, true);
  return matmul(apart, apart, {.transpose_b = true}) / static_cast<double>(rows.shape()[1] - options.ddof);
}

}  // namespace

Tensor cov(const Tensor& x, const CovOptions& options) {
  XTAPE_NOTE(cov, x, options);
  if (x.dtype() == bfloat16) return detail::in_float32(cov, x, options);
  const Tensor y = covariances("cov", x, options);
  return x.rank() == 1 ? reshape(y, {}) : y;
}

Tensor corrcoef(const Tensor& x) {
  XTAPE_NOTE(corrcoef, x);
  if (x.dtype() == bfloat16) return detail::in_float32(corrcoef, x);
  const Tensor y = covariances("corrcoef", x, {});
  const Tensor deviation = sqrt(linalg::diag_part(y));
  const Tensor ratio = clip_by_value(y / expand_dims(deviation, 1) / expand_dims(deviation, 0), -1, 1);
  return x.rank() == 1 ? reshape(ratio, {}) : ratio;
}

Tensor average(const Tensor& x, const Axes& axes, const Tensor& weights, bool keepdims) {
  XTAPE_NOTE(average, x, axes, weights, keepdims);
  const char* op = "average";
  detail::expect_floating(op, x.dtype());
  if (!weights.defined()) return reduce_mean(x, axes, keepdims);
  detail::expect_same_dtype(op, x.dtype(), weights.dtype());
  Tensor w = weights;
  if (w.shape() != x.shape()) {
    const bool one_axis = !axes.all() && axes.axes().size() == 1 && w.rank() == 1;
    const int axis = one_axis ? detail::normal_axis(op, axes.axes()[0], x.rank()) : 0;
    if (!one_axis || w.shape()[0] != x.shape()[axis]) {
      detail::fail<ValueError>(op, "expected weights of shape {}, or a vector along one axis, received shape {}",
                               x.shape(), w.shape());
    }
    Shape along = x.shape();
    for (auto& size : along) size = 1;
    along[axis] = w.shape()[0];
    w = broadcast_to(reshape(w, along), x.shape());
  }
  if (x.dtype() == bfloat16) return detail::in_float32(average, x, axes, w, keepdims);
  return reduce_sum(x * w, axes, keepdims) / reduce_sum(w, axes, keepdims);
}

}  // namespace xtape
