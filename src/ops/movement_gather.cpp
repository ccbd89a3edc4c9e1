#include <cstring>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/parallel.hpp"
#include "kernels/scatter_rows.hpp"
#include "xtape/core/indexed_slices.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {
namespace {

using detail::fail;
using detail::launch;
using detail::LaunchKind;
using detail::Read;
using detail::Write;

/// x as [outer, count, inner] around the gathered axis.
struct Layout {
  std::int64_t outer = 1, count = 1, inner = 1;
  Layout(const Shape& shape, int axis) : count(shape[axis]) {
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
};

/// Zeros of `shape` with the slices of dy added at their indices: the gradient of gather. Its own gradient is gather.
Tensor scatter_add(const Tensor& dy, const Tensor& indices, const Shape& shape, int axis) {
  Tensor y = detail::make_tensor(shape, dy.dtype());
  launch(
      [to = Layout(shape, axis)](Read slices, Read index, Write whole) {
        std::memset(whole.bytes(), 0, static_cast<std::size_t>(whole.size_in_bytes()));
        const std::int64_t n = index.size(), bytes = to.inner * static_cast<std::int64_t>(itemsize(whole.dtype()));
        for (std::int64_t o = 0; o < to.outer; ++o) {
          kernels::scatter_add_rows(whole.dtype(), whole.bytes() + o * to.count * bytes, to.count,
                                    slices.bytes() + o * n * bytes, index.data<std::int64_t>(), n, to.inner);
        }
      },
      dy, indices, y);
  return record(
      "scatter_add", {dy}, y,
      [&] { return [indices, axis](const Tensor& g) { return Grads{gather(g, indices, axis)}; }; },
      [&](const Tensor& t) { return scatter_add(t, indices, shape, axis); });
}

/// Fills y [outer, n, inner] with the slices of x at the n indices.
void copy_slices(Read x, const Layout& from, const std::int64_t* index, std::int64_t n, Write y) {
  const std::int64_t bytes = from.inner * static_cast<std::int64_t>(itemsize(x.dtype()));
  const std::int64_t grain =
      std::max<std::int64_t>(1, 4 * kernels::elementwise_grain / std::max<std::int64_t>(4, bytes));
  const auto for_slices = [&](std::int64_t begin, std::int64_t end, auto copy) {
    for (std::int64_t at = begin, o = begin / n, i = begin % n; at < end; ++at) {
      copy(at, o * from.count + index[i]);
      if (++i == n) {
        i = 0;
        ++o;
      }
    }
  };
  kernels::parallel_rows(from.outer * n, grain, [&](std::int64_t begin, std::int64_t end) {
    if (from.inner == 1) {
      kernels::visit_size(x.dtype(), [&]<class T>(kernels::Type<T>) {
        T* to = y.data<T>();
        const T* source = x.data<T>();
        for_slices(begin, end, [=](std::int64_t i, std::int64_t j) { to[i] = source[j]; });
      });
    } else {
      for_slices(begin, end, [&](std::int64_t i, std::int64_t j) {
        std::memcpy(y.bytes() + i * bytes, x.bytes() + j * bytes, static_cast<std::size_t>(bytes));
      });
    }
  });
}

}  // namespace

Tensor gather(const Tensor& x, const Tensor& indices, int axis_) {
  XTAPE_NOTE(gather, x, indices, axis_);
  detail::expect_integer("gather", indices.dtype(), "integer indices");
  const int axis = detail::normal_axis("gather", axis_, x.rank());
  const Layout from(x.shape(), axis);
  const Tensor wide = detail::convert(indices, int64);
  detail::PoolVector<std::int64_t> sizes(x.shape().begin(), x.shape().begin() + axis);
  sizes.insert(sizes.end(), indices.shape().begin(), indices.shape().end());
  sizes.insert(sizes.end(), x.shape().begin() + axis + 1, x.shape().end());
  Tensor y = detail::make_tensor(Shape(sizes), x.dtype());
  launch(
      LaunchKind::throws,
      [from, axis](Read x, Read indices, Write y) {
        const auto* index = indices.data<std::int64_t>();
        const std::int64_t n = indices.size();
        for (std::int64_t i = 0; i < n; ++i) {
          if (index[i] < 0 || index[i] >= from.count) {
            fail<IndexError>("gather", "index {} at position {} is outside axis {} of shape {}", index[i], i, axis,
                             x.shape());
          }
        }
        copy_slices(x, from, index, n, y);
      },
      x, wide, y);
  return record(
      "gather", {x}, y,
      [&] {
        return [wide, axis, shape = x.shape()](const Tensor& dy) {
          if (axis != 0 || is_recording() || detail::thread_state.tracer != nullptr)
            return Grads{scatter_add(dy, wide, shape, axis)};
          Shape rows = shape;
          rows[0] = wide.size();
          return Grads{to_tensor({detail::make_view(dy, rows), detail::make_view(wide, {wide.size()}), shape})};
        };
      },
      [&](const Tensor& t) { return gather(t, wide, axis); });
}

}  // namespace xtape
