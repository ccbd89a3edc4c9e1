#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/check.hpp"
#include "base/sizes.hpp"
#include "core/call_notes.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/parallel.hpp"
#include "kernels/strided.hpp"
#include "ops/strided_launch.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {

using detail::fail;
using detail::launch;
using detail::Read;
using detail::Write;

Tensor swapaxes(const Tensor& x, int axis1, int axis2) {
  XTAPE_NOTE(swapaxes, x, axis1, axis2);
  detail::PoolVector<int> permutation(static_cast<std::size_t>(x.rank()));
  std::iota(permutation.begin(), permutation.end(), 0);
  const int first = detail::normal_axis("swapaxes", axis1, x.rank());
  const int second = detail::normal_axis("swapaxes", axis2, x.rank());
  std::swap(permutation[static_cast<std::size_t>(first)], permutation[static_cast<std::size_t>(second)]);
  return transpose(x, permutation);
}

Tensor moveaxis(const Tensor& x, int source, int destination) {
  XTAPE_NOTE(moveaxis, x, source, destination);
  const int from = detail::normal_axis("moveaxis", source, x.rank());
  const int to = detail::normal_axis("moveaxis", destination, x.rank());
  detail::PoolVector<int> permutation(static_cast<std::size_t>(x.rank()));
  std::iota(permutation.begin(), permutation.end(), 0);
  permutation.erase(permutation.begin() + from);
  permutation.insert(permutation.begin() + to, from);
  return transpose(x, permutation);
}

namespace {
/// A result without elements; its gradient is zero.
Tensor empty_result(const char* op, const Tensor& x, const Shape& shape) {
  return record(
      op, {x}, detail::filled(shape, x.dtype(), 0),
      [&] { return [from = x.shape()](const Tensor& dy) { return Grads{detail::filled(from, dy.dtype(), 0)}; }; },
      [](const Tensor&) { return Tensor(); });
}
}  // namespace

Tensor tile(const Tensor& x, ListOf<std::int64_t> multiples) {
  XTAPE_NOTE(tile, x, multiples);
  const bool valid = std::all_of(multiples.begin(), multiples.end(), [](auto m) { return m >= 0; });
  if (!valid || static_cast<int>(multiples.size()) != x.rank()) {
    fail<ValueError>("tile", "expected a multiple, not negative, for each axis of shape {}: received [{}]", x.shape(),
                     fmt::join(multiples, ", "));
  }
  // Each axis of size n becomes [1, n], which broadcasts to [multiple, n].
  detail::PoolVector<std::int64_t> apart, repeated, sizes;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const std::int64_t multiple = multiples[static_cast<std::size_t>(axis)], size = x.shape()[axis];
    if (multiple != 1) {
      apart.push_back(1);
      repeated.push_back(multiple);
    }
    apart.push_back(size);
    repeated.push_back(size);
    sizes.push_back(detail::checked_product("tile", multiple, size));
  }
  const Shape shape(sizes);
  if (detail::checked_numel("tile", shape) == 0) return empty_result("tile", x, shape);
  return reshape(broadcast_to(reshape(x, Shape(apart)), Shape(repeated)), shape);
}

namespace {

/// Repeats every slice n times.
Tensor repeat_each(const Tensor& x, std::int64_t n, int axis) {
  Shape shape = x.shape();
  shape[axis] = detail::checked_product("repeat", shape[axis], n);
  if (detail::checked_numel("repeat", shape) == 0) return empty_result("repeat", x, shape);
  std::int64_t slices = 1, inner = 1;
  for (int i = 0; i < x.rank(); ++i) (i <= axis ? slices : inner) *= x.shape()[i];
  Tensor y = detail::make_tensor(shape, x.dtype());
  launch(
      [n, slices, inner](Read from, Write to) {
        kernels::broadcast_copy(from.dtype(), from.bytes(), {slices, 1, inner}, to.bytes(), {slices, n, inner});
      },
      x, y);
  return record(
      "repeat", {x}, std::move(y),
      [&] {
        return [n, slices, inner, from = x.shape()](const Tensor& dy) {
          return Grads{reshape(reduce_sum(reshape(dy, {slices, n, inner}), 1), from)};
        };
      },
      [&](const Tensor& t) { return repeat_each(t, n, axis); });
}

}  // namespace

Tensor repeat(const Tensor& x, ListOf<std::int64_t> repeats, int axis_) {
  XTAPE_NOTE(repeat, x, repeats, axis_);
  const int axis = detail::normal_axis("repeat", axis_, x.rank());
  const std::int64_t size = x.shape()[axis];
  const bool valid = std::all_of(repeats.begin(), repeats.end(), [](auto n) { return n >= 0; });
  if (!valid || (repeats.size() != 1 && static_cast<std::int64_t>(repeats.size()) != size)) {
    fail<ValueError>("repeat", "expected one number or one for each element of axis {} of shape {}: received [{}]",
                     axis, x.shape(), fmt::join(repeats, ", "));
  }
  if (repeats.size() == 1) return repeat_each(x, repeats[0], axis);
  Shape shape = x.shape();
  shape[axis] = 0;
  for (const auto n : repeats) {
    if (__builtin_add_overflow(shape[axis], n, &shape[axis])) {
      fail<ValueError>("repeat", "numbers of repetitions whose sum does not fit: [{}]", fmt::join(repeats, ", "));
    }
  }
  if (detail::checked_numel("repeat", shape) == 0) return empty_result("repeat", x, shape);
  const Tensor indices = detail::make_tensor({shape[axis]}, int64);
  auto* to = detail::host_write("repeat", indices).data<std::int64_t>();
  for (std::size_t i = 0; i < repeats.size(); ++i) to = std::fill_n(to, repeats[i], static_cast<std::int64_t>(i));
  return gather(x, detail::constant_of_trace(Tensor(indices)), axis);
}

Tensor repeat(const Tensor& x, ListOf<std::int64_t> repeats) {
  XTAPE_NOTE(repeat, x, repeats);
  return repeat(flatten(x), repeats, 0);
}

Tensor reverse(const Tensor& x, ListOf<int> axes) {
  XTAPE_NOTE(reverse, x, axes);
  Shape strides = kernels::contiguous_strides(x.shape());
  std::int64_t offset = 0;
  for (const int axis_ : axes) {
    const int axis = detail::normal_axis("reverse", axis_, x.rank());
    if (strides[axis] < 0) fail<ValueError>("reverse", "axis {} is named twice", axis_);
    offset += (x.shape()[axis] - 1) * strides[axis];
    strides[axis] = -strides[axis];
  }
  Tensor y = detail::make_tensor(x.shape(), x.dtype());
  detail::launch_strided_copy(x, y.size() > 0 ? offset : 0, strides, y);
  return record(
      "reverse", {x}, std::move(y),
      [&] {
        return [axes = detail::PoolVector<int>(axes.begin(), axes.end())](const Tensor& dy) {
          return Grads{reverse(dy, axes)};
        };
      },
      [&](const Tensor& t) { return reverse(t, axes); });
}

Tensor roll(const Tensor& x, std::int64_t shift, int axis_) {
  XTAPE_NOTE(roll, x, shift, axis_);
  const int axis = detail::normal_axis("roll", axis_, x.rank());
  Tensor y = detail::make_tensor(x.shape(), x.dtype());
  const std::int64_t size = x.shape()[axis];
  launch(
      [axis, shift, size](Read x, Write y) {
        if (y.size() == 0) return;
        std::int64_t outer = 1;
        for (int i = 0; i < axis; ++i) outer *= x.shape()[i];
        const std::int64_t bytes = y.size_in_bytes() / outer;
        const std::int64_t lead =
            (shift % size + size) % size * (bytes / size);  // the elements that move from the end to the beginning
        const std::byte* from = x.bytes();
        std::byte* to = y.bytes();
        const std::int64_t grain = 4 * kernels::elementwise_grain / bytes;
        kernels::parallel_rows(outer, grain, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) {
            std::memcpy(to + i * bytes, from + (i + 1) * bytes - lead, static_cast<std::size_t>(lead));
            std::memcpy(to + i * bytes + lead, from + i * bytes, static_cast<std::size_t>(bytes - lead));
          }
        });
      },
      x, y);
  return record(
      "roll", {x}, std::move(y),
      [&] {
        return [back = size > 0 ? -(shift % size) : 0, axis](const Tensor& dy) { return Grads{roll(dy, back, axis)}; };
      },
      [&](const Tensor& t) { return roll(t, shift, axis); });
}

Tensor roll(const Tensor& x, ListOf<std::int64_t> shifts, ListOf<int> axes) {
  XTAPE_NOTE(roll, x, shifts, axes);
  if (shifts.size() != axes.size()) {
    fail<ValueError>("roll", "expected a shift for each axis: received {} and {}", shifts.size(), axes.size());
  }
  Tensor y = axes.empty() ? reshape(x, x.shape()) : x;
  for (std::size_t i = 0; i < axes.size(); ++i) y = roll(y, shifts[i], axes[i]);
  return y;
}

Tensors meshgrid(const std::vector<Tensor>& vectors, const MeshgridOptions& options) {
  XTAPE_NOTE(meshgrid, vectors, options);
  if (options.indexing != "xy" && options.indexing != "ij") {
    fail<ValueError>("meshgrid", "indexing must be \"xy\" or \"ij\": received \"{}\"", options.indexing);
  }
  const bool swap = options.indexing == "xy" && vectors.size() >= 2;
  const auto axis_of = [swap](std::size_t i) { return static_cast<int>(swap && i < 2 ? 1 - i : i); };
  const Shape ones_of(std::vector<std::int64_t>(vectors.size(), 1));
  Shape grid = ones_of;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    if (vectors[i].rank() > 1) {
      fail<ValueError>("meshgrid", "expected vectors: received shape {} at position {}", vectors[i].shape(), i);
    }
    grid[axis_of(i)] = vectors[i].size();
  }
  Tensors out;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    Shape own = ones_of;
    own[axis_of(i)] = vectors[i].size();
    out.push_back(broadcast_to(reshape(vectors[i], own), grid));
  }
  return out;
}

Tensor detail::keep_band(const char* op, const Tensor& x, std::int64_t low, std::int64_t high) {
  if (x.rank() < 2) fail<ValueError>(op, "expected a tensor of rank 2 or more: received shape {}", x.shape());
  Tensor y = make_tensor(x.shape(), x.dtype());
  const std::int64_t rows = x.shape(-2), columns = x.shape(-1);
  // Diagonals outside the matrix are clamped, so that sums with them do not overflow.
  low = std::clamp(low, -rows - 1, columns + 1);
  high = std::clamp(high, -rows - 1, columns + 1);
  launch(
      [rows, columns, low, high](Read from, Write to) {
        if (to.size() == 0) return;
        const auto bytes = static_cast<std::int64_t>(itemsize(to.dtype()));
        const std::int64_t grain = std::max<std::int64_t>(1, kernels::elementwise_grain / columns);
        kernels::parallel_rows(to.size() / columns, grain, [&](std::int64_t first, std::int64_t last) {
          for (std::int64_t row = first; row < last; ++row) {
            const std::int64_t i = row % rows;
            const std::int64_t begin = std::clamp<std::int64_t>(i + low, 0, columns);
            const std::int64_t end = std::max(begin, std::clamp<std::int64_t>(i + high + 1, 0, columns));
            const std::byte* in = from.bytes() + row * columns * bytes;
            std::byte* out = to.bytes() + row * columns * bytes;
            std::memset(out, 0, static_cast<std::size_t>(begin * bytes));
            std::memcpy(out + begin * bytes, in + begin * bytes, static_cast<std::size_t>((end - begin) * bytes));
            std::memset(out + end * bytes, 0, static_cast<std::size_t>((columns - end) * bytes));
          }
        });
      },
      x, y);
  return record(
      op, {x}, std::move(y),
      [&] { return [op, low, high](const Tensor& dy) { return Grads{keep_band(op, dy, low, high)}; }; },
      [&](const Tensor& t) { return keep_band(op, t, low, high); });
}

namespace {
constexpr std::int64_t far = std::int64_t{1} << 62;
}

Tensor tril(const Tensor& x, std::int64_t k) {
  XTAPE_NOTE(tril, x, k);
  return detail::keep_band("tril", x, -far, k);
}
Tensor triu(const Tensor& x, std::int64_t k) {
  XTAPE_NOTE(triu, x, k);
  return detail::keep_band("triu", x, k, far);
}

}  // namespace xtape
