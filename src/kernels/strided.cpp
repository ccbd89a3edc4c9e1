#include "kernels/strided.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/copy_short.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/gemm_transpose.hpp"
#include "kernels/parallel.hpp"
#include "kernels/stream.hpp"

// Copies between arrays with strides: transposes, slices, reverses, broadcasts. Neighbouring axes that both arrays walk
// alike are merged (make_iteration). What is left is cut into planes of two axes, chosen so that each array is
// contiguous along one of them; outer axes only move the planes. A plane is copied row by row, or as a transpose in
// blocks.
namespace xtape::kernels {
namespace {

template <class T>
void copy_row(std::int64_t n, const T* __restrict in, std::int64_t in_stride, T* __restrict out,
              std::int64_t out_stride) {
  if (in_stride == 0 && out_stride == 1) {
    std::fill_n(out, n, *in);
  } else if (in_stride == -1 && out_stride == 1) {  // with both strides known, the loop is vectorised
    for (std::int64_t i = 0; i < n; ++i) out[i] = in[-i];
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i * out_stride] = in[i * in_stride];
  }
}

/// Two axes of an array and where they are in input and output.
struct Plane {
  std::int64_t rows, columns;
  std::int64_t in_row, in_column;
  std::int64_t out_row, out_column;
};

template <class T>
void copy_rows(const Plane& p, const T* in, T* out, bool streams) {
  const std::int64_t bytes = p.columns * static_cast<std::int64_t>(sizeof(T));
  if (bytes <= max_short_copy) {
    for (std::int64_t r = 0; r < p.rows; ++r) copy_short(out + r * p.out_row, in + r * p.in_row, bytes);
  } else if (streams) {
    for (std::int64_t r = 0; r < p.rows; ++r) stream_copy(out + r * p.out_row, in + r * p.in_row, bytes);
  } else {
    for (std::int64_t r = 0; r < p.rows; ++r) {
      std::memcpy(out + r * p.out_row, in + r * p.in_row, static_cast<std::size_t>(bytes));
    }
  }
}

/// A transpose reads or writes far apart in the inner loop; in blocks, what was fetched stays in the cache until all of
/// it is used.
template <class T>
void transpose_block(const Plane& p, const T* in, T* out, std::int64_t r, std::int64_t r_end, std::int64_t c,
                     std::int64_t c_end) {
  for (std::int64_t i = r; i < r_end; ++i) {
    for (std::int64_t j = c; j < c_end; ++j) {
      out[i * p.out_row + j * p.out_column] = in[i * p.in_row + j * p.in_column];
    }
  }
}

template <class T>
void transpose_plane(const Plane& p, const T* in, T* out) {
  constexpr std::int64_t max_rows = 16, max_columns = 64;
  for (std::int64_t c = 0; c < p.columns; c += max_columns) {
    const std::int64_t c_end = std::min(p.columns, c + max_columns);
    for (std::int64_t r = 0; r < p.rows; r += max_rows) {
      const std::int64_t r_end = std::min(p.rows, r + max_rows);
      std::int64_t j = c;
#if XSIMD_WITH_AVX512F
      if constexpr (sizeof(T) == 4) {
        if (p.in_row == 1 && p.out_column == 1 && r_end - r == max_rows) {
          for (; j + 16 <= c_end; j += 16) {
            const auto row = [&](std::int64_t k) {
              return reinterpret_cast<const float*>(in + r + (j + k) * p.in_column);
            };
            for (std::int64_t i = 0; i < max_rows; i += 4) {
              tile::transpose_block([&](std::int64_t k) { return row(k) + i; },
                                    reinterpret_cast<float*>(out + (r + i) * p.out_row + j), p.out_row);
            }
          }
        }
      }
#endif
      transpose_block(p, in, out, r, r_end, j, c_end);
    }
  }
}

template <class T>
void move_plane(Plane p, const T* in, T* out, bool streams) {
  if (p.in_column == 1 && p.out_column == 1) return copy_rows(p, in, out, streams);
  // Of the two directions the one in which the output is contiguous is that of the columns.
  if (p.out_column != 1 && p.out_row == 1) {
    p = {p.columns, p.rows, p.in_column, p.in_row, p.out_column, p.out_row};
  }
  if (p.rows > 1 && p.in_column != 0 && p.in_row != 0 && (p.in_row == 1 || p.out_column != 1)) {
    return transpose_plane(p, in, out);
  }
  for (std::int64_t r = 0; r < p.rows; ++r) {
    copy_row(p.columns, in + r * p.in_row, p.in_column, out + r * p.out_row, p.out_column);
  }
}

/// The axis that makes a plane with the inner one. If an array is not contiguous along the inner axis, it is the axis
/// along which that array is; otherwise the last axis, or the longest if that is short.
int plane_axis(const Iteration<2>& it) {
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    if (it.inner_stride[k] == 1) continue;
    for (int axis = 0; axis < it.outer.rank(); ++axis) {
      if (it.outer_strides[k][axis] == 1) return axis;
    }
  }
  const int last = it.outer.rank() - 1;
  if (it.outer[last] >= 16) return last;
  return static_cast<int>(std::max_element(it.outer.begin(), it.outer.end()) - it.outer.begin());
}

template <class T>
void move_planes(Iteration<2> it, const T* in, T* out) {
  const std::int64_t bytes = static_cast<std::int64_t>(sizeof(T));
  if (it.outer.rank() == 0) {
    if (it.inner_stride[0] == 1 && it.inner_stride[1] == 1) return copy_bytes(out, in, it.inner * bytes);
    it.outer = {1};
    it.outer_strides = {Shape{0}, Shape{0}};
  }
  const int last = it.outer.rank() - 1;
  if (const int axis = plane_axis(it); axis != last) {
    std::swap(it.outer[axis], it.outer[last]);
    for (auto& strides : it.outer_strides) std::swap(strides[axis], strides[last]);
  }
  const bool streams = it.rows * it.inner * bytes >= stream_threshold();
  const std::int64_t rows = it.outer[last], grain = std::max<std::int64_t>(1, elementwise_grain / it.inner);
  parallel_rows(it.rows, grain, [&](std::int64_t begin, std::int64_t end) {
    while (begin < end) {
      const std::int64_t first = begin % rows, count = std::min(end - begin, rows - first);
      const Plane plane{count,
                        it.inner,
                        it.outer_strides[0][last],
                        it.inner_stride[0],
                        it.outer_strides[1][last],
                        it.inner_stride[1]};
      std::int64_t rest = begin / rows, from = first * plane.in_row, to = first * plane.out_row;
      for (int axis = last - 1; axis >= 0; --axis) {
        from += rest % it.outer[axis] * it.outer_strides[0][axis];
        to += rest % it.outer[axis] * it.outer_strides[1][axis];
        rest /= it.outer[axis];
      }
      move_plane(plane, in + from, out + to, streams);
      begin += count;
    }
    stream_fence();
  });
}

void strided_move(DType dtype, const Shape& shape, const void* in, const Shape& in_strides, void* out,
                  const Shape& out_strides) {
  if (shape.numel() == 0) return;
  const auto it = make_iteration<2>(shape, {in_strides, out_strides});
  visit_size(dtype, [&]<class T>(Type<T>) { move_planes(it, static_cast<const T*>(in), static_cast<T*>(out)); });
}

/// As an elementwise loop over one operand.
template <class T>
void copy_loop(const void*, std::int64_t n, void* out, const void* const* in, const std::int64_t* step) {
  if (step[0] == 0) {
    std::fill_n(static_cast<T*>(out), n, *static_cast<const T*>(in[0]));
  } else {
    std::memcpy(out, in[0], static_cast<std::size_t>(n) * sizeof(T));
  }
}

/// A small matrix is copied in less time than it takes to plan the planes.
bool is_small_matrix(const Shape& shape) {
  constexpr std::int64_t small = 64;
  return shape.rank() == 2 && shape[0] <= small && shape[1] <= small && shape[0] * shape[1] <= small;
}
void copy_small_matrix(DType dtype, const Shape& shape, const void* in, std::int64_t row_stride,
                       std::int64_t column_stride, void* out) {
  visit_size(dtype, [&]<class T>(Type<T>) {
    const auto* from = static_cast<const T*>(in);
    auto* to = static_cast<T*>(out);
    const std::int64_t columns = shape[1];
    for (std::int64_t i = 0; i < shape[0]; ++i, from += row_stride, to += columns) {
      if (column_stride == 0) {
        std::fill_n(to, columns, *from);
      } else {
        for (std::int64_t j = 0; j < columns; ++j) to[j] = from[j * column_stride];
      }
    }
  });
}

}  // namespace

Shape contiguous_strides(const Shape& shape) {
  Shape strides = shape;
  std::int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[axis] = stride;
    if (axis > 0) stride *= shape[axis];
  }
  return strides;
}

Shape broadcast_strides(const Shape& from, const Shape& to) {
  Shape strides = to;
  std::int64_t stride = 1;
  const int missing = to.rank() - from.rank();
  for (int axis = to.rank() - 1; axis >= 0; --axis) {
    const std::int64_t size = axis < missing ? 1 : from[axis - missing];
    strides[axis] = size == 1 ? 0 : stride;
    stride *= size;
  }
  return strides;
}

void strided_copy(DType dtype, const Shape& shape, const void* in, const Shape& strides, void* out) {
  if (is_small_matrix(shape)) return copy_small_matrix(dtype, shape, in, strides[0], strides[1], out);
  strided_move(dtype, shape, in, strides, out, contiguous_strides(shape));
}

void strided_store(DType dtype, const Shape& shape, const void* in, void* out, const Shape& strides) {
  strided_move(dtype, shape, in, contiguous_strides(shape), out, strides);
}

void broadcast_copy(DType dtype, const void* in, const Shape& from, void* out, const Shape& to) {
  if (to.numel() == 0) return;
  if (is_small_matrix(to)) {
    const std::int64_t rows = from.rank() == 2 ? from[0] : 1, columns = from.rank() > 0 ? from.back() : 1;
    return copy_small_matrix(dtype, to, in, rows == 1 ? 0 : columns, columns == 1 ? 0 : 1, out);
  }
  const Shape strides = broadcast_strides(from, to);
  const auto it = make_iteration<2>(to, {strides, contiguous_strides(to)});
  constexpr std::int64_t small_plane = 256;
  if (it.outer.rank() > 1 && it.outer[it.outer.rank() - 1] * it.inner < small_plane) {
    return strided_copy(dtype, to, in, strides, out);
  }
  visit_size(dtype, [&]<class T>(Type<T>) {
    constexpr auto bytes = static_cast<std::uint8_t>(sizeof(T));
    run_elementwise({&copy_loop<T>, nullptr, bytes, {bytes}}, to, to.numel(), out, {{{in, &from}}});
  });
}

}  // namespace xtape::kernels
