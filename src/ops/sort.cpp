#include "xtape/ops/sort.hpp"

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/sort.hpp"
#include "ops/in_float32.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {
namespace {

using detail::launch;
using detail::Read;
using detail::Write;

std::int64_t rows_of(const Shape& shape) {
  std::int64_t rows = 1;
  for (int i = 0; i + 1 < shape.rank(); ++i) rows *= shape[i];
  return rows;
}

Shape with_last(Shape shape, std::int64_t size) {
  shape[shape.rank() - 1] = size;
  return shape;
}

Tensor put_in_rows(const Tensor& x, const Tensor& indices, std::int64_t n);

/// y[..., i] = x[..., indices[..., i]]. The indices of a row are distinct.
Tensor take_in_rows(const Tensor& x, const Tensor& indices) {
  Tensor y = detail::make_tensor(indices.shape(), x.dtype());
  launch(
      [](Read from, Read places, Write to) {
        kernels::take_in_rows(from.dtype(), from.bytes(), places.data<std::int64_t>(), to.bytes(), rows_of(to.shape()),
                              from.shape().back(), to.shape().back());
      },
      x, indices, y);
  return record(
      "take_in_rows", {x}, std::move(y),
      [&] { return [indices, n = x.shape().back()](const Tensor& dy) { return Grads{put_in_rows(dy, indices, n)}; }; },
      [&](const Tensor& t) { return take_in_rows(t, indices); });
}

/// The inverse; positions without an index get 0.
Tensor put_in_rows(const Tensor& x, const Tensor& indices, std::int64_t n) {
  Tensor y = detail::make_tensor(with_last(x.shape(), n), x.dtype());
  launch(
      [](Read from, Read places, Write to) {
        kernels::put_in_rows(from.dtype(), from.bytes(), places.data<std::int64_t>(), to.bytes(), rows_of(to.shape()),
                             to.shape().back(), from.shape().back());
      },
      x, indices, y);
  return record(
      "put_in_rows", {x}, std::move(y),
      [&] { return [indices](const Tensor& dy) { return Grads{take_in_rows(dy, indices)}; }; },
      [&](const Tensor& t) { return put_in_rows(t, indices, n); });
}

/// The first k elements of the last axis in order. Without a tape, the indices are computed only if `wants_indices`.
TopK first(const char* op, const Tensor& x, std::int64_t k, bool descending, bool wants_indices) {
  if (x.dtype() == bfloat16) return detail::in_float32(first, op, x, k, descending, wants_indices);
  const Shape shape = with_last(x.shape(), k);
  TopK result{detail::make_tensor(shape, x.dtype()), Tensor()};
  const bool tracked = is_tracked({x});
  if (wants_indices || tracked) result.indices = detail::make_tensor(shape, int64);
  launch(
      [k, descending](Read from, Write values, Write indices) {
        kernels::sort_rows(from.dtype(), from.bytes(), values.bytes(), indices.data<std::int64_t>(),
                           rows_of(values.shape()), from.shape().back(), k, descending);
      },
      x, result.values, result.indices);
  if (tracked) {
    result.values = record(
        op, {x}, std::move(result.values),
        [&] {
          return [indices = result.indices, n = x.shape().back()](const Tensor& dy) {
            return Grads{put_in_rows(dy, indices, n)};
          };
        },
        [&](const Tensor& t) { return take_in_rows(t, result.indices); });
  }
  return result;
}

int check(const char* op, const Tensor& x, int axis) {
  detail::expect_numeric(op, x.dtype());
  return detail::normal_axis(op, axis, x.rank());
}

}  // namespace

Tensor sort(const Tensor& x, int axis_, SortDirection direction) {
  XTAPE_NOTE(sort, x, axis_, direction);
  const int axis = check("sort", x, axis_);
  const bool descending = direction == SortDirection::descending;
  if (axis == x.rank() - 1) return first("sort", x, x.shape().back(), descending, false).values;
  return swapaxes(sort(swapaxes(x, axis, -1), -1, direction), axis, -1);
}

Tensor argsort(const Tensor& x, int axis_, SortDirection direction) {
  XTAPE_NOTE(argsort, x, axis_, direction);
  const int axis = check("argsort", x, axis_);
  if (axis != x.rank() - 1) return swapaxes(argsort(swapaxes(x, axis, -1), -1, direction), axis, -1);
  const Tensor keys = detail::convert(x, detail::widened(x.dtype()));
  Tensor indices = detail::make_tensor(x.shape(), int64);
  launch(
      [descending = direction == SortDirection::descending](Read from, Write to) {
        const std::int64_t n = from.shape().back();
        kernels::sort_rows(from.dtype(), from.bytes(), nullptr, to.data<std::int64_t>(), rows_of(from.shape()), n, n,
                           descending);
      },
      keys, indices);
  return record_no_gradient("argsort", {x}, std::move(indices));
}

TopK top_k(const Tensor& x, std::int64_t k) {
  XTAPE_NOTE(top_k, x, k);
  check("top_k", x, -1);
  if (k < 0 || k > x.shape().back()) {
    detail::fail<ValueError>("top_k", "expected 0 <= k <= the last axis of shape {}, received {}", x.shape(), k);
  }
  return first("top_k", x, k, true, true);
}

}  // namespace xtape
