#include <algorithm>
#include <cstring>

#include "core/check.hpp"
#include "core/convert.hpp"
#include "core/fill.hpp"
#include "core/trace.hpp"
#include "kernels/gather_rows.hpp"
#include "kernels/scatter_rows.hpp"
#include "ops/bytes.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {
namespace {

using detail::fail;

Shape part(const Shape& shape, int begin, int end) {
  return Shape(std::span<const std::int64_t>(shape.begin() + begin, static_cast<std::size_t>(end - begin)));
}
Shape joined(const Shape& a, const Shape& b) {
  detail::PoolVector<std::int64_t> sizes(a.begin(), a.end());
  sizes.insert(sizes.end(), b.begin(), b.end());
  return Shape(sizes);
}

/// What indices [..., k] name in an array: rows of it seen as [rows, width].
struct Places {
  std::int64_t rows = 1, width = 1;
  Shape shape;   ///< of the slices together: indices.shape[:-1] + shape[k:]
  Tensor index;  ///< int64 numbers of the rows
};

Places find_places(const char* op, const Tensor& indices, const Shape& shape) {
  if (!is_integer(indices.dtype())) {
    fail<TypeError>(op, "expected integer indices, received {}", indices.dtype());
  }
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
  const Tensor wide = detail::convert(indices, int64);
  const auto* position = detail::const_data<std::int64_t>(wide);
  auto* row = detail::mutable_data<std::int64_t>(places.index);
  for (std::int64_t i = 0; i < places.index.size(); ++i, position += k) {
    row[i] = 0;
    for (int axis = 0; axis < k; ++axis) {
      if (position[axis] < 0 || position[axis] >= shape[axis]) {
        fail<IndexError>(op, "index [{}] at position {} is outside the first {} axes of shape {}",
                         fmt::join(position, position + k, ", "), i, k, shape);
      }
      row[i] = row[i] * shape[axis] + position[axis];
    }
  }
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
  if (y.size() > 0) {
    kernels::gather_rows(detail::bytes_of(y), detail::bytes_of(x), detail::const_data<std::int64_t>(places.index),
                         places.index.size(), places.width * static_cast<std::int64_t>(itemsize(x.dtype())));
  }
  return record("gather_nd", {x}, std::move(y),
                [places, shape = x.shape()](const Tensor& dy) { return Grads{scatter_rows(dy, places, shape)}; });
}

void add_rows(const Tensor& y, const Tensor& updates, const Places& places) {
  kernels::scatter_add_rows(y.dtype(), detail::bytes_of(y), places.rows, detail::bytes_of(updates),
                            detail::const_data<std::int64_t>(places.index), places.index.size(), places.width);
}

Tensor scatter_rows(const Tensor& updates, const Places& places, const Shape& shape) {
  Tensor y = detail::filled(shape, updates.dtype(), 0);
  add_rows(y, updates, places);
  return record("scatter_nd", {updates}, std::move(y),
                [places](const Tensor& dy) { return Grads{gather_rows(dy, places)}; });
}

void check_dtypes(const char* op, const Tensor& x, const Tensor& updates) {
  if (x.dtype() != updates.dtype()) fail<TypeError>(op, "dtypes differ: {} and {}", x.dtype(), updates.dtype());
}

/// y with the rows of the updates in their places. Where `last` is not null, it receives for each update whether it
/// stayed; returns whether all did.
bool put_rows(const Tensor& y, const Tensor& updates, const Places& places, Tensor* last) {
  const auto* index = detail::const_data<std::int64_t>(places.index);
  const std::int64_t n = places.index.size();
  const auto bytes = static_cast<std::size_t>(places.width) * itemsize(y.dtype());
  for (std::int64_t i = 0; i < n; ++i) {
    std::memcpy(detail::bytes_of(y) + static_cast<std::size_t>(index[i]) * bytes,
                detail::bytes_of(updates) + static_cast<std::size_t>(i) * bytes, bytes);
  }
  if (last == nullptr) return true;
  detail::PoolVector<std::int64_t> owner(static_cast<std::size_t>(places.rows), -1);
  for (std::int64_t i = 0; i < n; ++i) owner[static_cast<std::size_t>(index[i])] = i;
  *last = detail::make_tensor({n}, boolean);
  bool* stayed = detail::mutable_data<bool>(*last);
  for (std::int64_t i = 0; i < n; ++i) stayed[i] = owner[static_cast<std::size_t>(index[i])] == i;
  return std::all_of(stayed, stayed + n, [](bool b) { return b; });
}

}  // namespace

Tensor gather_nd(const Tensor& x, const Tensor& indices) {
  return gather_rows(x, find_places("gather_nd", indices, x.shape()));
}

Tensor scatter_nd(const Tensor& indices, const Tensor& updates, const Shape& shape) {
  for (const auto size : shape) {
    if (size < 0) fail<ValueError>("scatter_nd", "sizes must not be negative: received shape {}", shape);
  }
  const Places places = find_places("scatter_nd", indices, shape);
  check_updates("scatter_nd", indices, updates, places, shape);
  return scatter_rows(updates, places, shape);
}

Tensor tensor_scatter_add(const Tensor& x, const Tensor& indices, const Tensor& updates) {
  const char* op = "tensor_scatter_add";
  check_dtypes(op, x, updates);
  const Places places = find_places(op, indices, x.shape());
  check_updates(op, indices, updates, places, x.shape());
  Tensor y = detail::copy(x);
  add_rows(y, updates, places);
  return record(op, {x, updates}, std::move(y), [places](const Tensor& dy, Needs need) {
    return Grads{dy, need[1] ? gather_rows(dy, places) : Tensor()};
  });
}

Tensor tensor_scatter_update(const Tensor& x, const Tensor& indices, const Tensor& updates) {
  const char* op = "tensor_scatter_update";
  check_dtypes(op, x, updates);
  const Places places = find_places(op, indices, x.shape());
  check_updates(op, indices, updates, places, x.shape());
  Tensor y = detail::copy(x), last;
  const bool tracked = is_tracked({x, updates});
  if (put_rows(y, updates, places, tracked ? &last : nullptr)) last = Tensor();
  if (!tracked) return y;
  return record(op, {x, updates}, std::move(y), [indices, places, last](const Tensor& dy, Needs need) {
    Tensor dx, du;
    if (need[0]) dx = tensor_scatter_update(dy, indices, detail::filled(places.shape, dy.dtype(), 0));
    if (need[1]) {
      du = gather_rows(dy, places);
      if (last) {  // an update that another one overwrote has no influence
        du = reshape(where(expand_dims(last, 1), reshape(du, {last.size(), places.width}), 0), places.shape);
      }
    }
    return Grads{dx, du};
  });
}

Tensor boolean_mask(const Tensor& x, const Tensor& mask, int axis_) {
  const char* op = "boolean_mask";
  if (mask.dtype() != boolean) fail<TypeError>(op, "expected a bool mask, received {}", mask.dtype());
  const int axis = detail::normal_axis(op, axis_, x.rank()), after = axis + mask.rank();
  if (mask.rank() == 0 || after > x.rank() || part(x.shape(), axis, after) != mask.shape()) {
    fail<ValueError>(op, "a mask of shape {} does not fit shape {} from axis {} on", mask.shape(), x.shape(), axis);
  }
  // The shape of the result depends on the elements.
  if (detail::tracer != nullptr) detail::tracer->host_read(op, mask.impl());
  const bool* chosen = detail::const_data<bool>(mask);
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < mask.size(); ++i) {
    if (chosen[i]) indices.push_back(i);
  }
  const Shape flat = joined(joined(part(x.shape(), 0, axis), {mask.size()}), part(x.shape(), after, x.rank()));
  return gather(reshape(x, flat), constant(indices), axis);
}

}  // namespace xtape
