#include "xtape/ops/padding.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "core/call_notes.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/strided.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {
namespace {

using detail::fail;

Tensor pad_constant(const Tensor& x, const Shape& before, const Shape& shape, double value) {
  Tensor y = detail::make_tensor(shape, x.dtype());
  const Shape strides = kernels::contiguous_strides(shape);
  std::int64_t offset = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) offset += before[axis] * strides[axis];
  detail::launch(
      [strides, offset](detail::Read from, detail::Read border, detail::Write to) {
        kernels::visit_size(
            to.dtype(), [&]<class T>(kernels::Type<T>) { std::fill_n(to.data<T>(), to.size(), *border.data<T>()); });
        kernels::strided_store(from.dtype(), from.shape(), from.bytes(),
                               to.bytes() + offset * static_cast<std::int64_t>(itemsize(to.dtype())), strides);
      },
      x, detail::filled({}, x.dtype(), value), y);
  return record(
      "pad", {x}, std::move(y),
      [&] {
        return [before, size = x.shape()](const Tensor& dy) {
          return Grads{slice(dy, ListOf<std::int64_t>(before), ListOf<std::int64_t>(size))};
        };
      },
      [&](const Tensor& t) { return pad_constant(t, before, shape, 0); });
}

/// The indices of a mirrored axis, for positions from -before to size + after - 1.
std::vector<std::int64_t> mirrored(std::int64_t size, std::int64_t before, std::int64_t after, bool symmetric) {
  std::vector<std::int64_t> indices;
  for (std::int64_t i = -before; i < size + after; ++i) {
    indices.push_back(i < 0 ? -i - (symmetric ? 1 : 0) : i < size ? i : 2 * size - i - (symmetric ? 1 : 2));
  }
  return indices;
}

/// The same for an axis whose first and last elements are repeated.
std::vector<std::int64_t> clamped(std::int64_t size, std::int64_t before, std::int64_t after) {
  std::vector<std::int64_t> indices;
  for (std::int64_t i = -before; i < size + after; ++i) indices.push_back(std::clamp<std::int64_t>(i, 0, size - 1));
  return indices;
}

}  // namespace

Tensor pad(const Tensor& x, const std::vector<std::array<std::int64_t, 2>>& paddings, const PadOptions& options) {
  XTAPE_NOTE(pad, x, paddings, options);
  const bool symmetric = options.mode == "symmetric", reflect = options.mode == "reflect";
  const bool edge = options.mode == "edge";
  if (!symmetric && !reflect && !edge && options.mode != "constant") {
    fail<ValueError>("pad", "the mode must be \"constant\", \"reflect\", \"symmetric\" or \"edge\": received \"{}\"",
                     options.mode);
  }
  if (static_cast<int>(paddings.size()) != x.rank()) {
    fail<ValueError>("pad", "expected a pair of numbers for each axis of shape {}: received {}", x.shape(),
                     paddings.size());
  }
  Shape shape = x.shape();
  Shape begin = shape;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto [before, after] = paddings[static_cast<std::size_t>(axis)];
    const std::int64_t size = x.shape()[axis];
    const std::int64_t max_padding = symmetric           ? size
                                     : reflect           ? std::max<std::int64_t>(size - 1, 0)
                                     : edge && size == 0 ? 0
                                                         : INT64_MAX / 8;
    if (before < 0 || after < 0 || before > max_padding || after > max_padding) {
      fail<ValueError>("pad", "paddings {} and {} are not possible for axis {} of shape {} in mode \"{}\"", before,
                       after, axis, x.shape(), options.mode);
    }
    shape[axis] += before + after;
    begin[axis] = before;
  }
  if (!symmetric && !reflect && !edge) return pad_constant(x, begin, shape, options.constant_values);
  Tensor y = x;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto [before, after] = paddings[static_cast<std::size_t>(axis)];
    if (before + after == 0) continue;
    const std::int64_t size = x.shape()[axis];
    y = gather(y, constant(edge ? clamped(size, before, after) : mirrored(size, before, after, symmetric)), axis);
  }
  return y.is_same(x) ? reshape(x, x.shape()) : y;
}

}  // namespace xtape
