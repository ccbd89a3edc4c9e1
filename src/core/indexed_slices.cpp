#include "xtape/core/indexed_slices.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "base/check.hpp"
#include "core/element_access.hpp"
#include "core/launch.hpp"
#include "core/shapes_only.hpp"
#include "kernels/scatter_rows.hpp"
#include "xtape/core/provenance.hpp"

namespace xtape {
namespace detail {
namespace {

std::int64_t row_size(const Shape& shape) {
  std::int64_t size = 1;
  for (int axis = 1; axis < shape.rank(); ++axis) size *= shape[axis];
  return size;
}

}  // namespace

std::byte* TensorImpl::fill_in() {
  if (!is_sparse(*this)) {
    if (numel > 0) fail_without_elements("Tensor", *this);
    give_elements(*this);
    return elements.load(std::memory_order_relaxed);
  }
  static std::mutex mutex;
  const std::lock_guard lock(mutex);  // two threads may read the elements of one tensor
  if (std::byte* there = elements.load(std::memory_order_relaxed); there != nullptr) return there;
  const Tensor whole = make_tensor(shape, dtype);
  std::byte* const to = whole.impl()->data();
  TensorImpl *const rows = provenance->rows.impl(), *const row_indices = provenance->row_indices.impl();
  const std::int64_t row = row_size(shape);
  std::memset(to, 0, static_cast<std::size_t>(numel) * itemsize(dtype));
  const auto* index = reinterpret_cast<const std::int64_t*>(row_indices->data());
  kernels::scatter_add_rows(dtype, to, shape[0], rows->data(), index, rows->shape[0], row);
  owner = whole.impl();
  retain(owner);
  elements.store(to, std::memory_order_release);
  return to;
}

}  // namespace detail

std::optional<IndexedSlices> indexed_slices(const Tensor& t) {
  if (!t.defined() || !detail::is_sparse(*t.impl())) return {};
  return IndexedSlices{t.impl()->provenance->rows, t.impl()->provenance->row_indices, t.shape()};
}

Tensor to_tensor(const IndexedSlices& slices) {
  using detail::fail;
  const auto& [values, indices, shape] = slices;
  const char* op = "IndexedSlices";
  if (indices.dtype() != int64) fail<TypeError>(op, "expected int64 indices, received {}", indices.dtype());
  const bool fits = indices.rank() == 1 && shape.rank() >= 1 && values.rank() == shape.rank() &&
                    values.shape()[0] == indices.shape()[0] &&
                    std::equal(shape.begin() + 1, shape.end(), values.shape().begin() + 1);
  if (!fits) {
    fail<ValueError>(op, "values {} and indices {} are no rows of a tensor of shape {}", values.shape(),
                     indices.shape(), shape);
  }
  for (const auto index : indices.data<std::int64_t>()) {
    if (index < 0 || index >= shape[0]) fail<IndexError>(op, "index {} is outside axis 0 of shape {}", index, shape);
  }
  const Tensor t = detail::make_tensor(Shape{0}, values.dtype());
  detail::ElementAccess::set(*t.impl(), nullptr);
  t.impl()->shape = shape;
  t.impl()->numel = shape.numel();
  // Aliases, which have no provenance of their own.
  detail::set_provenance(*t.impl(), {.rows = detail::make_alias(values), .row_indices = detail::make_alias(indices)});
  return t;
}

IndexedSlices combined(const IndexedSlices& slices) {
  const auto& [values, indices, shape] = slices;
  const auto index = indices.data<std::int64_t>();
  if (std::adjacent_find(index.begin(), index.end(), std::greater_equal<>()) == index.end()) return slices;
  detail::PoolVector<std::pair<std::int64_t, std::int64_t>> order;  // an index and its position
  order.reserve(index.size());
  for (std::size_t i = 0; i < index.size(); ++i) order.emplace_back(index[i], static_cast<std::int64_t>(i));
  std::sort(order.begin(), order.end());
  std::int64_t count = 0;
  for (std::size_t i = 0; i < order.size(); ++i) count += i == 0 || order[i].first != order[i - 1].first;

  Shape rows = values.shape();
  rows[0] = count;
  IndexedSlices result{detail::make_tensor(rows, values.dtype()), detail::make_tensor({count}, int64), shape};
  const std::int64_t row = detail::row_size(shape);
  const std::byte* from = detail::host_read("combined", values).bytes();
  std::byte* to = detail::host_write("combined", result.values).bytes();
  auto* kept = detail::host_write("combined", result.indices).data<std::int64_t>();
  detail::PoolVector<std::int64_t> row_of(index.size());  // for each given row: its row in the result
  std::int64_t last = -1;
  for (const auto& [number, place] : order) {
    if (last < 0 || kept[last] != number) kept[++last] = number;
    row_of[static_cast<std::size_t>(place)] = last;
  }
  std::memset(to, 0, static_cast<std::size_t>(result.values.size()) * itemsize(values.dtype()));
  kernels::scatter_add_rows(values.dtype(), to, count, from, row_of.data(), values.shape()[0], row);
  return result;
}

}  // namespace xtape
