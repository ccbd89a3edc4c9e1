#include "xtape/ops/scan.hpp"

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/scan.hpp"
#include "ops/in_float32.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {
namespace {

using detail::launch;
using detail::Read;
using detail::Write;
using kernels::ScanLayout;

ScanLayout layout(const Shape& shape, int axis, bool reverse) {
  ScanLayout at{1, shape[axis], 1, reverse};
  for (int i = 0; i < axis; ++i) at.outer *= shape[i];
  for (int i = axis + 1; i < shape.rank(); ++i) at.inner *= shape[i];
  return at;
}

/// Checks the dtype; returns the axis counted from 0.
int check(const char* op, const Tensor& x, int axis) {
  detail::expect_numeric(op, x.dtype());
  return detail::normal_axis(op, axis, x.rank());
}

/// The elements moved by one position along the axis (backwards unless `forward`), with 0 at the free position.
Tensor shift(const Tensor& x, int axis, bool forward) {
  Shape edge = x.shape();
  const std::int64_t n = edge[axis];
  if (n == 0) return x;
  edge[axis] = 1;
  const Tensor zero = detail::filled(edge, x.dtype(), 0);
  const Tensor rest = slice_axis(x, axis, forward ? 0 : 1, n - 1);
  return forward ? concat({zero, rest}, axis) : concat({rest, zero}, axis);
}

/// s_i = b_i + a_i s_(i-1) along the axis. Its gradient is a recurrence in the other direction: db_i = g_i = ds_i +
/// a_(i+1) g_(i+1) and da_i = g_i s_(i-1).
Tensor recurrence(const Tensor& a, const Tensor& b, int axis, bool reverse) {
  Tensor s = detail::make_tensor(b.shape(), b.dtype());
  launch(
      [at = layout(b.shape(), axis, reverse)](Read factors, Read terms, Write sums) {
        kernels::visit_floating(sums.dtype(), [&]<class T>(kernels::Type<T>) {
          kernels::linear_recurrence(factors.data<T>(), terms.data<T>(), sums.data<T>(), at);
        });
      },
      a, b, s);
  return record(
      "linear_recurrence", {a, b}, s,
      [&] {
        return [a, s, axis, reverse](const Tensor& ds, Needs need) {
          const Tensor g = recurrence(shift(a, axis, reverse), ds, axis, !reverse);
          return Grads{need[0] ? g * shift(s, axis, !reverse) : Tensor(), g};
        };
      },
      [&](Tangents t) {
        Tensor terms = t[1];
        if (t[0].defined()) {
          const Tensor more = t[0] * shift(s, axis, !reverse);
          terms = terms.defined() ? terms + more : more;
        }
        return recurrence(a, terms, axis, reverse);
      });
}

}  // namespace

Tensor cumsum(const Tensor& x, int axis_, const ScanOptions& options) {
  XTAPE_NOTE(cumsum, x, axis_, options);
  const int axis = check("cumsum", x, axis_);
  if (x.dtype() == bfloat16) return detail::in_float32(cumsum, x, axis, options);
  Tensor y = detail::make_tensor(x.shape(), x.dtype());
  launch([at = layout(x.shape(), axis, options.reverse), exclusive = options.exclusive](
             Read from, Write to) { kernels::cumulative_sum(from.dtype(), from.bytes(), to.bytes(), at, exclusive); },
         x, y);
  return record(
      "cumsum", {x}, std::move(y),
      [&] {
        return [axis, options](const Tensor& dy) {
          return Grads{cumsum(dy, axis, {.exclusive = options.exclusive, .reverse = !options.reverse})};
        };
      },
      [&](const Tensor& t) { return cumsum(t, axis, options); });
}

Tensor diff(const Tensor& x, std::int64_t n, int axis_) {
  XTAPE_NOTE(diff, x, n, axis_);
  const int axis = check("diff", x, axis_);
  if (n < 0) detail::fail<ValueError>("diff", "expected n of at least 0, received {}", n);
  Tensor y = reshape(x, x.shape());
  for (std::int64_t i = 0; i < n && y.shape()[axis] > 0; ++i) {
    const std::int64_t left = y.shape()[axis] - 1;
    y = slice_axis(y, axis, 1, left) - slice_axis(y, axis, 0, left);
  }
  return y;
}

Tensor cumprod(const Tensor& x, int axis_, const ScanOptions& options) {
  XTAPE_NOTE(cumprod, x, axis_, options);
  const int axis = check("cumprod", x, axis_);
  if (x.dtype() == bfloat16) return detail::in_float32(cumprod, x, axis, options);
  Tensor y = detail::make_tensor(x.shape(), x.dtype());
  launch(
      [at = layout(x.shape(), axis, options.reverse), exclusive = options.exclusive](Read from, Write to) {
        kernels::cumulative_product(from.dtype(), from.bytes(), to.bytes(), at, exclusive);
      },
      x, y);
  // dx_i = (x_0 ... x_(i-1)) s_i, where s_i = dy_i + x_(i+1) s_(i+1): without division, so it is right where x is 0.
  return record(
      "cumprod", {x}, std::move(y),
      [&] {
        return [x, axis, options](const Tensor& dy) {
          const bool reverse = options.reverse;
          const Tensor before = cumprod(x, axis, {.exclusive = true, .reverse = reverse});
          return Grads{before * recurrence(shift(x, axis, reverse), options.exclusive ? shift(dy, axis, reverse) : dy,
                                           axis, !reverse)};
        };
      },
      [&](const Tensor& t) {  // d(y_i) = y_(i-1) t_i + x_i d(y_(i-1))
        const Tensor before = cumprod(x, axis, {.exclusive = true, .reverse = options.reverse});
        const Tensor inclusive = recurrence(x, before * t, axis, options.reverse);
        return options.exclusive ? shift(inclusive, axis, !options.reverse) : inclusive;
      });
}

}  // namespace xtape
