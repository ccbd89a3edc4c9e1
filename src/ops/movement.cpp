#include "xtape/ops/movement.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/check.hpp"
#include "base/sizes.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "kernels/strided.hpp"
#include "ops/strided_launch.hpp"
#include "tape/accumulate.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {

using detail::fail;

Tensor reshape(const Tensor& x, const Shape& shape_) {
  XTAPE_NOTE(reshape, x, shape_);
  Shape shape = shape_;
  int open = -1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == -1 && open < 0) {
      open = axis;
      shape[axis] = 1;
    } else if (shape[axis] < 0) {
      fail<ValueError>("reshape", "at most one size may be -1 and none less: {} from {}", shape_, x.shape());
    }
  }
  const std::int64_t known = detail::checked_numel("reshape", shape);
  if (open >= 0) {
    if (known == 0 || x.size() % known != 0) {
      fail<ValueError>("reshape", "cannot infer the size -1: {} from {} with {} elements", shape_, x.shape(), x.size());
    }
    shape[open] = x.size() / known;
  } else if (known != x.size()) {
    fail<ValueError>("reshape", "numbers of elements differ: {} has {}, {} has {}", x.shape(), x.size(), shape_, known);
  }
  return record(
      "reshape", {x}, detail::make_view(x, shape),
      [&] { return [from = x.shape()](const Tensor& dy) { return Grads{reshape(dy, from)}; }; },
      [&](const Tensor& t) { return reshape(t, shape); });
}

Tensor flatten(const Tensor& x) {
  XTAPE_NOTE(flatten, x);
  return reshape(x, {-1});
}

Tensor expand_dims(const Tensor& x, int axis) {
  XTAPE_NOTE(expand_dims, x, axis);
  const int at = detail::normal_axis("expand_dims", axis, x.rank() + 1);
  detail::PoolVector<std::int64_t> sizes(x.shape().begin(), x.shape().end());
  sizes.insert(sizes.begin() + at, 1);
  return reshape(x, Shape(sizes));
}

Tensor squeeze(const Tensor& x) {
  XTAPE_NOTE(squeeze, x);
  detail::PoolVector<std::int64_t> sizes;
  for (const auto size : x.shape()) {
    if (size != 1) sizes.push_back(size);
  }
  return reshape(x, Shape(sizes));
}

Tensor squeeze(const Tensor& x, int axis) {
  XTAPE_NOTE(squeeze, x, axis);
  const int at = detail::normal_axis("squeeze", axis, x.rank());
  if (x.shape()[at] != 1) fail<ValueError>("squeeze", "axis {} of shape {} is not of size 1", axis, x.shape());
  detail::PoolVector<std::int64_t> sizes(x.shape().begin(), x.shape().end());
  sizes.erase(sizes.begin() + at);
  return reshape(x, Shape(sizes));
}

namespace {
/// x with axis axes[i] at position i. The list is a Shape because that allocates nothing.
Tensor permuted(const Tensor& x, const Shape& axes) {
  Shape shape = x.shape(), strides = x.shape(), inverse = x.shape();
  const Shape from = kernels::contiguous_strides(x.shape());
  for (int i = 0; i < axes.rank(); ++i) {
    const int axis = static_cast<int>(axes[i]);
    shape[i] = x.shape()[axis];
    strides[i] = from[axis];
    inverse[axis] = i;
  }
  Tensor y = detail::make_tensor(shape, x.dtype());
  detail::launch_strided_copy(x, 0, strides, y);
  return record(
      "transpose", {x}, std::move(y),
      [&] { return [inverse](const Tensor& dy) { return Grads{permuted(dy, inverse)}; }; },
      [&](const Tensor& t) { return permuted(t, axes); });
}
}  // namespace

Tensor transpose(const Tensor& x) {
  XTAPE_NOTE(transpose, x);
  Shape reversed = x.shape();
  std::iota(std::reverse_iterator(reversed.end()), std::reverse_iterator(reversed.begin()), 0);
  return permuted(x, reversed);
}

Tensor transpose(const Tensor& x, ListOf<int> permutation) {
  XTAPE_NOTE(transpose, x, permutation);
  const int rank = x.rank();
  Shape axes = x.shape(), taken = x.shape();
  std::fill(taken.begin(), taken.end(), 0);
  bool valid = static_cast<int>(permutation.size()) == rank;
  for (int i = 0; valid && i < rank; ++i) {
    const int p = permutation[static_cast<std::size_t>(i)];
    valid = p >= 0 && p < rank && taken[p]++ == 0;
    axes[i] = p;
  }
  if (!valid) {
    fail<ValueError>("transpose", "[{}] is not a permutation of the {} axes of shape {}", fmt::join(permutation, ", "),
                     rank, x.shape());
  }
  return permuted(x, axes);
}

Tensor concat(ListOf<Tensor> values, int axis_) {
  XTAPE_NOTE(concat, values, axis_);
  if (values.empty()) fail<ValueError>("concat", "expected at least one tensor, received none");
  const Tensor& first = values[0];
  const int axis = detail::normal_axis("concat", axis_, first.rank());
  Shape shape = first.shape();
  shape[axis] = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Tensor& t = values[i];
    if (t.dtype() != first.dtype()) {
      fail<TypeError>("concat", "dtypes differ: {} and, at position {}, {}, cast one of them", first.dtype(), i,
                      t.dtype());
    }
    bool fits = t.rank() == first.rank();
    for (int k = 0; fits && k < first.rank(); ++k) fits = k == axis || t.shape()[k] == first.shape()[k];
    if (!fits) {
      fail<ValueError>("concat", "shapes must agree but for axis {}: {} and, at position {}, {}", axis, first.shape(),
                       i, t.shape());
    }
    shape[axis] += t.shape()[axis];
  }
  Tensor y = detail::make_tensor(shape, first.dtype());
  const Shape strides = kernels::contiguous_strides(shape);
  detail::PoolVector<std::int64_t> sizes;
  for (const auto& t : values) {
    sizes.push_back(t.shape()[axis]);
  }
  // The launch reads the parts and writes the whole.
  detail::PoolVector<const Tensor*> operands;
  for (const auto& t : values) operands.push_back(&t);
  operands.push_back(&y);
  detail::launch_list(
      [strides, axis](const detail::Reads& parts, const detail::Writes& whole) {
        std::byte* to = whole[0].bytes();
        for (std::size_t i = 0; i < parts.size(); ++i) {
          const detail::Read part = parts[i];
          kernels::strided_store(part.dtype(), part.shape(), part.bytes(), to, strides);
          to += part.shape()[axis] * strides[axis] * static_cast<std::int64_t>(itemsize(part.dtype()));
        }
      },
      operands, 1);
  return record(
      "concat", std::span<const Tensor>(values), y,
      [&] {
        return [sizes, axis](const Tensor& dy, Needs need) {
          Grads grads;
          std::int64_t begin = 0;
          for (std::size_t i = 0; i < sizes.size(); ++i) {
            grads.push_back(need[i] ? slice_axis(dy, axis, begin, sizes[i]) : Tensor());
            begin += sizes[i];
          }
          return grads;
        };
      },
      [&](Tangents tangents) {
        Tensors moving(tangents.begin(), tangents.end());
        for (std::size_t i = 0; i < moving.size(); ++i) {
          if (!moving[i].defined()) moving[i] = detail::filled(values[i].shape(), first.dtype(), 0);
        }
        return concat(moving, axis);
      });
}

Tensor stack(ListOf<Tensor> values, int axis) {
  XTAPE_NOTE(stack, values, axis);
  Tensors expanded;
  for (const auto& t : values) {
    if (t.shape() != values[0].shape()) {
      fail<ValueError>("stack", "shapes must agree: {} and {}", values[0].shape(), t.shape());
    }
    if (t.dtype() != values[0].dtype()) {
      fail<TypeError>("stack", "dtypes differ: {} and {}, cast one of them", values[0].dtype(), t.dtype());
    }
    expanded.push_back(expand_dims(t, axis));
  }
  if (values.empty()) fail<ValueError>("stack", "expected at least one tensor, received none");
  return concat(expanded, axis);
}

namespace {

std::int64_t offset_of(const Shape& strides, const Shape& begin) {
  std::int64_t offset = 0;
  for (int axis = 0; axis < strides.rank(); ++axis) offset += begin[axis] * strides[axis];
  return offset;
}

/// Zeros of the given shape with dy at `begin`: the gradient of slice. Its own gradient is slice.
Tensor unslice(const Tensor& dy, const Shape& begin, const Shape& shape) {
  Tensor y = detail::make_tensor(shape, dy.dtype());
  const Shape strides = kernels::contiguous_strides(shape);
  detail::launch_strided_store(dy, offset_of(strides, begin), strides, y);
  return record(
      "unslice", {dy}, y,
      [&] {
        return [begin, size = dy.shape()](const Tensor& g) {
          return Grads{slice(g, ListOf<std::int64_t>(begin), ListOf<std::int64_t>(size))};
        };
      },
      [&](const Tensor& t) { return unslice(t, begin, shape); });
}

}  // namespace

Tensor slice(const Tensor& x, ListOf<std::int64_t> begin, ListOf<std::int64_t> size) {
  XTAPE_NOTE(slice, x, begin, size);
  const int rank = x.rank();
  if (static_cast<int>(begin.size()) != rank || static_cast<int>(size.size()) != rank) {
    fail<ValueError>("slice", "expected a begin and a size for each axis of shape {}: received {} and {}", x.shape(),
                     begin.size(), size.size());
  }
  Shape shape = x.shape();
  bool shares = true;  // only axis 0 is sliced
  for (int axis = 0; axis < rank; ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    const std::int64_t available = x.shape()[axis];
    const bool begins_inside = begin[i] >= 0 && begin[i] <= available;
    const std::int64_t rest = begins_inside ? available - begin[i] : 0, taken = size[i] == -1 ? rest : size[i];
    if (!begins_inside || taken < 0 || taken > rest) {
      fail<IndexError>("slice", "begin {} and size {} do not fit axis {} of shape {}", begin[i], size[i], axis,
                       x.shape());
    }
    shape[axis] = taken;
    shares = shares && (axis == 0 || taken == available);
  }
  const Shape strides = kernels::contiguous_strides(x.shape());
  const Shape from(begin);
  const std::int64_t offset = offset_of(strides, from);
  Tensor y;
  if (shares) {
    y = detail::make_view(x, shape, offset);
  } else {
    y = detail::make_tensor(shape, x.dtype());
    detail::launch_strided_copy(x, offset, strides, y);
  }
  return record(
      "slice", {x}, y,
      [&] { return [begin = from, whole = x.shape()](const Tensor& dy) { return Grads{unslice(dy, begin, whole)}; }; },
      [&](const Tensor& t) { return slice(t, begin, ListOf<std::int64_t>(shape)); });
}

Tensor slice_axis(const Tensor& x, int axis_, std::int64_t begin, std::int64_t size) {
  XTAPE_NOTE(slice_axis, x, axis_, begin, size);
  const int axis = detail::normal_axis("slice_axis", axis_, x.rank());
  Shape begins = x.shape(), sizes = x.shape();
  std::fill(begins.begin(), begins.end(), 0);
  begins[axis] = begin;
  sizes[axis] = size;
  return slice(x, ListOf<std::int64_t>(begins), ListOf<std::int64_t>(sizes));
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  XTAPE_NOTE(broadcast_to, x, shape);
  if (!detail::broadcasts_to(x.shape(), shape)) {
    fail<ValueError>("broadcast_to", "shape {} does not broadcast to {}", x.shape(), shape);
  }
  return detail::broadcast(x, shape);
}

}  // namespace xtape
