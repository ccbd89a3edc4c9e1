#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "kernels/gather_rows.hpp"
#include "kernels/scatter_rows.hpp"
#include "ops/copy_or_clear.hpp"
#include "ops/forward_rules.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {
namespace {

using detail::fail;
using detail::launch;
using detail::LaunchKind;
using detail::Read;
using detail::Write;

Shape part(const Shape& shape, int begin, int end) {
  return Shape(std::span<const std::int64_t>(shape.begin() + begin, static_cast<std::size_t>(end - begin)));
}
Shape joined(const Shape& a, const Shape& b) {
  detail::PoolVector<std::int64_t> sizes(a.begin(), a.end());
  sizes.insert(sizes.end(), b.begin(), b.end());
  return Shape(sizes);
}

/// The positions that indices [..., k] name in an array: rows of the array as [rows, width].
struct Places {
  std::int64_t rows = 1, width = 1;
  Shape shape;   ///< the shape of all slices: indices.shape[:-1] + shape[k:]
  Tensor index;  ///< int64, the row numbers
};

Places find_places(const char* op, const Tensor& indices, const Shape& shape) {
  detail::expect_integer(op, indices.dtype(), "integer indices");
  if (indices.rank() < 1 || indices.shape().back() > shape.rank()) {
    fail<ValueError>(op, "expected indices [..., k] with k of at most {} for shape {}: received shape {}", shape.rank(),
                     shape, indices.shape());
  }
  const int k = static_cast<int>(indices.shape().back());
  Places places;
  for (int axis = 0; axis < shape.rank(); ++axis) (axis < k ? places.rows : places.width) *= shape[axis];
  const Shape leading = part(indices.shape(), 0, indices.rank() - 1);
  places.shape = joined(leading, part(shape, k, shape.rank()));
  places.index = detail::make_tensor({leading.numel()}, int64);
  launch(
      LaunchKind::throws,
      [op, k, shape](Read positions, Write rows) {
        const auto* position = positions.data<std::int64_t>();
        auto* row = rows.data<std::int64_t>();
        for (std::int64_t i = 0; i < rows.size(); ++i, position += k) {
          row[i] = 0;
          for (int axis = 0; axis < k; ++axis) {
            if (position[axis] < 0 || position[axis] >= shape[axis]) {
              fail<IndexError>(op, "index [{}] at position {} is outside the first {} axes of shape {}",
                               fmt::join(position, position + k, ", "), i, k, shape);
            }
            row[i] = row[i] * shape[axis] + position[axis];
          }
        }
      },
      detail::convert(indices, int64), places.index);
  return places;
}

void check_updates(const char* op, const Tensor& indices, const Tensor& updates, const Places& places,
                   const Shape& shape) {
  if (updates.shape() != places.shape) {
    fail<ValueError>(op, "expected updates of shape {} for indices {} into shape {}: received {}", places.shape,
                     indices.shape(), shape, updates.shape());
  }
}

Tensor scatter_rows(const Tensor& updates, const Places& places, const Shape& shape);

Tensor gather_rows(const Tensor& x, const Places& places) {
  Tensor y = detail::make_tensor(places.shape, x.dtype());
  launch(
      [width = places.width](Read from, Read index, Write to) {
        if (to.size() == 0) return;
        kernels::gather_rows(to.bytes(), from.bytes(), index.data<std::int64_t>(), index.size(),
                             width * static_cast<std::int64_t>(itemsize(to.dtype())));
      },
      x, places.index, y);
  return record(
      "gather_nd", {x}, std::move(y),
      [&] { return [places, shape = x.shape()](const Tensor& dy) { return Grads{scatter_rows(dy, places, shape)}; }; },
      [&](const Tensor& t) { return gather_rows(t, places); });
}

/// x, or zeros of `shape` if x is empty, with the updates added to their rows.
Tensor sum_of_rows(const Tensor& x, const Tensor& updates, const Places& places, const Shape& shape) {
  Tensor y = detail::make_tensor(shape, updates.dtype());
  launch(
      [rows = places.rows, width = places.width](Read start, Read terms, Read index, Write to) {
        detail::copy_or_clear(start, to);
        kernels::scatter_add_rows(to.dtype(), to.bytes(), rows, terms.bytes(), index.data<std::int64_t>(), index.size(),
                                  width);
      },
      x, updates, places.index, y);
  return y;
}

Tensor scatter_rows(const Tensor& updates, const Places& places, const Shape& shape) {
  Tensor y = sum_of_rows({}, updates, places, shape);
  return record(
      "scatter_nd", {updates}, std::move(y),
      [&] { return [places](const Tensor& dy) { return Grads{gather_rows(dy, places)}; }; },
      [&](const Tensor& t) { return scatter_rows(t, places, shape); });
}

void check_dtypes(const char* op, const Tensor& x, const Tensor& updates) {
  detail::expect_same_dtype(op, x.dtype(), updates.dtype());
}

/// x with rows replaced by the updates.
Tensor put_rows(const Tensor& x, const Tensor& updates, const Places& places) {
  Tensor y = detail::make_tensor(x.shape(), x.dtype());
  launch(
      [width = places.width](Read start, Read rows, Read index, Write to) {
        detail::copy_or_clear(start, to);
        const auto bytes = static_cast<std::size_t>(width) * itemsize(to.dtype());
        const auto* row = index.data<std::int64_t>();
        for (std::int64_t i = 0; bytes > 0 && i < index.size(); ++i) {
          std::memcpy(to.bytes() + static_cast<std::size_t>(row[i]) * bytes,
                      rows.bytes() + static_cast<std::size_t>(i) * bytes, bytes);
        }
      },
      x, updates, places.index, y);
  return y;
}

/// For each update, whether it is the last one for its row.
Tensor find_last(const Places& places) {
  const Tensor last = detail::make_tensor(places.index.shape(), boolean);
  launch(
      [rows = places.rows](Read index, Write stays) {
        const auto* row = index.data<std::int64_t>();
        detail::PoolVector<std::int64_t> owner(static_cast<std::size_t>(rows), -1);
        for (std::int64_t i = 0; i < index.size(); ++i) owner[static_cast<std::size_t>(row[i])] = i;
        for (std::int64_t i = 0; i < index.size(); ++i) {
          stays.data<bool>()[i] = owner[static_cast<std::size_t>(row[i])] == i;
        }
      },
      places.index, last);
  return last;
}

}  // namespace

Tensor gather_nd(const Tensor& x, const Tensor& indices) {
  XTAPE_NOTE(gather_nd, x, indices);
  return gather_rows(x, find_places("gather_nd", indices, x.shape()));
}

Tensor scatter_nd(const Tensor& indices, const Tensor& updates, const Shape& shape) {
  XTAPE_NOTE(scatter_nd, indices, updates, shape);
  for (const auto size : shape) {
    if (size < 0) fail<ValueError>("scatter_nd", "sizes must not be negative: received shape {}", shape);
  }
  const Places places = find_places("scatter_nd", indices, shape);
  check_updates("scatter_nd", indices, updates, places, shape);
  return scatter_rows(updates, places, shape);
}

Tensor tensor_scatter_add(const Tensor& x, const Tensor& indices, const Tensor& updates) {
  XTAPE_NOTE(tensor_scatter_add, x, indices, updates);
  const char* op = "tensor_scatter_add";
  check_dtypes(op, x, updates);
  const Places places = find_places(op, indices, x.shape());
  check_updates(op, indices, updates, places, x.shape());
  Tensor y = sum_of_rows(x, updates, places, x.shape());
  return record(
      op, {x, updates}, std::move(y),
      [&] {
        return [places](const Tensor& dy, Needs need) {
          return Grads{dy, need[1] ? gather_rows(dy, places) : Tensor()};
        };
      },
      [&](Tangents t) {
        if (!t[1].defined()) return t[0];
        return t[0].defined() ? tensor_scatter_add(t[0], indices, t[1]) : scatter_rows(t[1], places, x.shape());
      });
}

Tensor tensor_scatter_update(const Tensor& x, const Tensor& indices, const Tensor& updates) {
  XTAPE_NOTE(tensor_scatter_update, x, indices, updates);
  const char* op = "tensor_scatter_update";
  check_dtypes(op, x, updates);
  const Places places = find_places(op, indices, x.shape());
  check_updates(op, indices, updates, places, x.shape());
  Tensor y = put_rows(x, updates, places);
  return record(
      op, {x, updates}, std::move(y),
      [&] {
        return [indices, places, last = find_last(places)](const Tensor& dy, Needs need) {
          Tensor dx, du;
          if (need[0]) dx = tensor_scatter_update(dy, indices, detail::filled(places.shape, dy.dtype(), 0));
          if (need[1]) {  // an update that a later one overwrites has no gradient
            const Tensor rows = reshape(gather_rows(dy, places), {last.size(), places.width});
            du = reshape(where(expand_dims(last, 1), rows, 0), places.shape);
          }
          return Grads{dx, du};
        };
      },
      [&](Tangents t) {
        return tensor_scatter_update(detail::or_zeros_like(t[0], x), indices, detail::or_zeros_like(t[1], updates));
      });
}

Tensor boolean_mask(const Tensor& x, const Tensor& mask, int axis_) {
  XTAPE_NOTE(boolean_mask, x, mask, axis_);
  const char* op = "boolean_mask";
  detail::expect_boolean(op, mask.dtype(), "a bool mask");
  const int axis = detail::normal_axis(op, axis_, x.rank()), after = axis + mask.rank();
  if (mask.rank() == 0 || after > x.rank() || part(x.shape(), axis, after) != mask.shape()) {
    fail<ValueError>(op, "a mask of shape {} does not fit shape {} from axis {} on", mask.shape(), x.shape(), axis);
  }
  // Read on the host, since the shape of the result depends on the elements.
  const bool* chosen = detail::host_read(op, mask).data<bool>();
  Tensor indices = detail::make_tensor({std::count(chosen, chosen + mask.size(), true)}, int64, op);
  auto* place = detail::host_write(op, indices).data<std::int64_t>();
  const auto* const end = place + indices.size();
  for (std::int64_t i = 0; place != end; ++i) {  // without a branch that depends on the mask
    *place = i;
    place += chosen[i] ? 1 : 0;
  }
  indices = detail::constant_of_trace(std::move(indices));  // if it is one, the mask is a constant
  const Shape flat = joined(joined(part(x.shape(), 0, axis), {mask.size()}), part(x.shape(), after, x.rank()));
  return gather(reshape(x, flat), indices, axis);
}

}  // namespace xtape
