#include "xtape/ops/along_axis.hpp"

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "ops/elementwise.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape {
namespace {

using detail::fail;
using detail::Read;
using detail::Write;

Shape with_size(Shape shape, int axis, std::int64_t size) {
  shape[axis] = size;
  return shape;
}

int check(const char* op, const Tensor& x, const Tensor& indices, int axis) {
  detail::expect_integer(op, indices.dtype(), "integer indices");
  if (indices.rank() != x.rank()) {
    fail<ValueError>(op, "expected indices of rank {} as of x, received shapes {} and {}", x.rank(), x.shape(),
                     indices.shape());
  }
  return detail::normal_axis(op, axis, x.rank());
}

/// The places in flatten(x) that the indices along an axis name; apart from the axis, both have the same sizes.
Tensor flat_places(const char* op, const Shape& shape, const Tensor& indices, int axis) {
  std::int64_t inner = 1;
  for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  Tensor places = detail::make_tensor(indices.shape(), int64);
  detail::launch(
      detail::LaunchKind::throws,
      [op, shape, axis, inner](Read indices, Write places) {
        const auto* index = indices.data<std::int64_t>();
        auto* place = places.data<std::int64_t>();
        const std::int64_t size = shape[axis], count = indices.shape()[axis];
        for (std::int64_t i = 0; i < indices.size(); ++i) {
          const std::int64_t at = index[i] < 0 ? index[i] + size : index[i];
          if (at < 0 || at >= size) {
            fail<IndexError>(op, "index {} at position {} is outside axis {} of shape {}", index[i], i, axis, shape);
          }
          place[i] = (i / (count * inner) * size + at) * inner + i % inner;
        }
      },
      detail::convert(indices, int64), places);
  return places;
}

}  // namespace

Tensor take_along_axis(const Tensor& x, const Tensor& indices, int axis_) {
  XTAPE_NOTE(take_along_axis, x, indices, axis_);
  const char* op = "take_along_axis";
  const int axis = check(op, x, indices, axis_);
  const Shape others = detail::broadcast_shape(op, with_size(x.shape(), axis, 1), with_size(indices.shape(), axis, 1));
  const Tensor whole = broadcast_to(x, with_size(others, axis, x.shape()[axis]));
  const Tensor wanted = broadcast_to(indices, with_size(others, axis, indices.shape()[axis]));
  return gather(flatten(whole), flat_places(op, whole.shape(), wanted, axis));
}

Tensor put_along_axis(const Tensor& x, const Tensor& indices, const Tensor& values, int axis_) {
  XTAPE_NOTE(put_along_axis, x, indices, values, axis_);
  const char* op = "put_along_axis";
  const int axis = check(op, x, indices, axis_);
  const DType dtype = detail::common_dtype(op, x, values);
  detail::expect_same_dtype(op, x.dtype(), dtype);
  const Tensor put = detail::strong(values, dtype);
  const Shape shape = with_size(x.shape(), axis, indices.shape()[axis]);
  const Tensor wanted = broadcast_to(indices, shape);
  const Tensor places = flat_places(op, x.shape(), wanted, axis);
  return reshape(tensor_scatter_update(flatten(x), expand_dims(places, -1), broadcast_to(put, shape)), x.shape());
}

}  // namespace xtape
