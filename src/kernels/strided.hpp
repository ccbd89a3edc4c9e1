#pragma once

#include <array>
#include <cstdint>

#include "xtape/base/dtype.hpp"
#include "xtape/base/shape.hpp"

namespace xtape::kernels {

/// The strides, in elements, of a contiguous row-major array.
Shape contiguous_strides(const Shape& shape);

/// An iteration over N arrays of one shape, each with its own strides (0 along a broadcast axis). Neighbouring axes are
/// merged where the strides of every array allow it. What is left is a loop over rows of `inner` elements.
template <std::size_t N>
struct Iteration {
  Shape outer;                         ///< sizes of the outer axes
  std::array<Shape, N> outer_strides;  ///< for each array
  std::int64_t inner = 1;              ///< elements of a row
  std::array<std::int64_t, N> inner_stride{};
  std::int64_t rows = 1;  ///< product of outer

  /// Calls f(row, offsets) for the rows [begin, end), offsets being the row's first element in each array.
  template <class F>
  void for_rows(std::int64_t begin, std::int64_t end, F&& f) const {
    std::array<std::int64_t, N> offset{};
    Shape index = outer;
    std::int64_t rest = begin;
    for (int axis = outer.rank() - 1; axis >= 0; --axis) {
      index[axis] = rest % outer[axis];
      rest /= outer[axis];
      for (std::size_t k = 0; k < N; ++k) offset[k] += index[axis] * outer_strides[k][axis];
    }
    for (std::int64_t row = begin; row < end; ++row) {
      f(row, offset);
      for (int axis = outer.rank() - 1; axis >= 0; --axis) {
        for (std::size_t k = 0; k < N; ++k) offset[k] += outer_strides[k][axis];
        if (++index[axis] < outer[axis]) break;
        for (std::size_t k = 0; k < N; ++k) offset[k] -= outer_strides[k][axis] * outer[axis];
        index[axis] = 0;
      }
    }
  }
};

template <std::size_t N>
Iteration<N> make_iteration(const Shape& shape, const std::array<Shape, N>& strides) {
  // Axes from the innermost outwards: an axis joins the one inside it where all strides continue.
  std::array<std::int64_t, 64> size;  // only what is counted is ever read
  std::array<std::array<std::int64_t, N>, 64> stride;
  int count = 0;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    if (shape[axis] == 1) continue;
    bool joins = count > 0;
    for (std::size_t k = 0; joins && k < N; ++k) {
      joins = strides[k][axis] == stride[count - 1][k] * size[count - 1];
    }
    if (joins) {
      size[count - 1] *= shape[axis];
    } else {
      size[count] = shape[axis];
      for (std::size_t k = 0; k < N; ++k) stride[count][k] = strides[k][axis];
      ++count;
    }
  }
  Iteration<N> iteration;
  if (count > 0) {
    iteration.inner = size[0];
    iteration.inner_stride = stride[0];
  }
  std::array<std::int64_t, 64> dims{};
  for (int i = 1; i < count; ++i) {
    dims[count - 1 - i] = size[i];
    iteration.rows *= size[i];
  }
  const auto outer_rank = static_cast<std::size_t>(count > 0 ? count - 1 : 0);
  iteration.outer = Shape(std::span<const std::int64_t>(dims.data(), outer_rank));
  for (std::size_t k = 0; k < N; ++k) {
    for (int i = 1; i < count; ++i) dims[count - 1 - i] = stride[i][k];
    iteration.outer_strides[k] = Shape(std::span<const std::int64_t>(dims.data(), outer_rank));
  }
  return iteration;
}

/// Strides that read an array of shape `from` as an array of shape `to`, to which it broadcasts.
Shape broadcast_strides(const Shape& from, const Shape& to);

/// Elements of shape `from` broadcast to shape `to`.
void broadcast_copy(DType dtype, const void* in, const Shape& from, void* out, const Shape& to);

/// out[i] = in[sum of i_axis * strides[axis]]: transposes, slices, reverses. Elements of any dtype.
void strided_copy(DType dtype, const Shape& shape, const void* in, const Shape& strides, void* out);

/// out[sum of i_axis * strides[axis]] = in[i] for a contiguous `in` of the given shape.
void strided_store(DType dtype, const Shape& shape, const void* in, void* out, const Shape& strides);

}  // namespace xtape::kernels
