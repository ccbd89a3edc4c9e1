#include <fmt/ranges.h>

#include "base/check.hpp"
#include "core/call_notes.hpp"
#include "kernels/strided.hpp"
#include "ops/strided_launch.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {
namespace {

using detail::fail;
using Sizes = detail::PoolVector<std::int64_t>;

/// Splits an axis into consecutive pieces of the given sizes, as one op: its gradient is assembled in one array. A
/// slice for each piece would make one array of x's size per piece.
Tensors cut(const char* op, const Tensor& x, const Sizes& sizes, int axis) {
  const Shape strides = kernels::contiguous_strides(x.shape());
  std::int64_t outer = 1, begin = 0;
  for (int i = 0; i < axis; ++i) outer *= x.shape()[i];
  Tensors pieces;
  pieces.reserve(sizes.size());
  Shape shape = x.shape();
  for (const auto size : sizes) {
    shape[axis] = size;
    const std::int64_t offset = begin * strides[axis];
    if (outer == 1) {
      pieces.push_back(detail::make_view(x, shape, offset));
    } else {
      pieces.push_back(detail::make_tensor(shape, x.dtype()));
      detail::launch_strided_copy(x, offset, strides, pieces.back());
    }
    begin += size;
  }
  if (pieces.empty()) return pieces;
  record(
      op, {x}, std::span<Tensor>(pieces),
      [&] {
        return [sizes, axis, shape = x.shape()](std::span<const Tensor> dys) {
          DType dtype = float32;
          for (const auto& dy : dys) {
            if (dy.defined()) dtype = dy.dtype();
          }
          Tensors parts;
          for (std::size_t i = 0; i < sizes.size(); ++i) {
            Shape part = shape;
            part[axis] = sizes[i];
            parts.push_back(dys[i].defined() ? dys[i] : zeros(part, dtype));
          }
          return Grads{concat(parts, axis)};
        };
      },
      [&](Tangents tangents) { return cut(op, tangents[0], sizes, axis); });
  return pieces;
}

/// The sizes of `parts` equal parts. The number is limited here, because without elements nothing else limits it.
Sizes equal_sizes(const char* op, std::int64_t parts, std::int64_t size) {
  constexpr std::int64_t max_parts = std::int64_t{1} << 24;
  if (parts > max_parts) fail<ValueError>(op, "expected at most {} parts, received {}", max_parts, parts);
  return Sizes(static_cast<std::size_t>(parts), size);
}

}  // namespace

Tensors split(const Tensor& x, ListOf<std::int64_t> sizes_, int axis_) {
  XTAPE_NOTE(split, x, sizes_, axis_);
  const int axis = detail::normal_axis("split", axis_, x.rank());
  Sizes sizes(sizes_.begin(), sizes_.end());
  const std::int64_t all = x.shape()[axis];
  std::int64_t sum = 0;
  std::int64_t* open = nullptr;
  bool valid = true;
  for (auto& size : sizes) {
    if (size == -1 && open == nullptr) {
      open = &size;
    } else {
      valid = valid && size >= 0 && size <= all - sum;
      if (valid) sum += size;
    }
  }
  if (open != nullptr) *open = all - sum;
  if (!valid || (open == nullptr && sum != all)) {
    fail<ValueError>("split", "sizes [{}] do not add up to axis {} of shape {}", fmt::join(sizes_, ", "), axis,
                     x.shape());
  }
  return cut("split", x, sizes, axis);
}

Tensors detail::split_equally(const Tensor& x, std::int64_t n, int axis_) {
  XTAPE_NOTE(split, x, n, axis_);
  const int axis = normal_axis("split", axis_, x.rank());
  if (n <= 0 || x.shape()[axis] % n != 0) {
    fail<ValueError>("split", "{} equal parts do not fit axis {} of shape {}", n, axis, x.shape());
  }
  return cut("split", x, equal_sizes("split", n, x.shape()[axis] / n), axis);
}

Tensors unstack(const Tensor& x, int axis_) {
  XTAPE_NOTE(unstack, x, axis_);
  const int axis = detail::normal_axis("unstack", axis_, x.rank());
  Tensors slices = cut("unstack", x, equal_sizes("unstack", x.shape()[axis], 1), axis);
  for (auto& slice : slices) slice = squeeze(slice, axis);
  return slices;
}

}  // namespace xtape
