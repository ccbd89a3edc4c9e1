#include "kernels/strided.hpp"

#include <cstring>

#include "kernels/dispatch.hpp"
#include "kernels/parallel.hpp"

namespace xtape::kernels {
namespace {

template <class T>
void copy_row(std::int64_t n, const T* in, std::int64_t in_stride, T* out, std::int64_t out_stride) {
  if (in_stride == 1 && out_stride == 1) {
    std::memcpy(out, in, static_cast<std::size_t>(n) * sizeof(T));
  } else if (in_stride == 0 && out_stride == 1) {
    std::fill_n(out, n, *in);
  } else if (in_stride == -1 && out_stride == 1) {  // with both strides known, the loop is vectorised
    for (std::int64_t i = 0; i < n; ++i) out[i] = in[-i];
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i * out_stride] = in[i * in_stride];
  }
}

// Both arrays run with their own strides. A transpose reads or writes far apart in the inner loop; blocks of 16 x 16
// keep what was fetched in the cache until all of it is used.
template <class T>
void transpose_blocks(std::int64_t rows, std::int64_t columns, const T* in, std::int64_t in_row, std::int64_t in_column,
                      T* out, std::int64_t out_row, std::int64_t out_column) {
  constexpr std::int64_t block = 16;
  for (std::int64_t r = 0; r < rows; r += block) {
    const std::int64_t r_end = std::min(rows, r + block);
    for (std::int64_t c = 0; c < columns; c += block) {
      const std::int64_t c_end = std::min(columns, c + block);
      for (std::int64_t i = r; i < r_end; ++i) {
        for (std::int64_t j = c; j < c_end; ++j) {
          out[i * out_row + j * out_column] = in[i * in_row + j * in_column];
        }
      }
    }
  }
}

void strided_move(DType dtype, const Shape& shape, const void* in_, const Shape& in_strides, void* out_,
                  const Shape& out_strides) {
  if (shape.numel() == 0) return;
  const auto it = make_iteration<2>(shape, {in_strides, out_strides});
  visit_size(dtype, [&]<class T>(Type<T>) {
    const auto* in = static_cast<const T*>(in_);
    auto* out = static_cast<T*>(out_);
    const int last = it.outer.rank() - 1;
    const bool transposes = last == 0 && it.inner_stride[0] != 0 && it.outer_strides[0][last] != 0 &&
                            (it.inner_stride[0] != 1 || it.inner_stride[1] != 1);
    const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / it.inner);
    if (transposes) {
      parallel_rows(it.rows, grain, [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t in_row = it.outer_strides[0][0], out_row = it.outer_strides[1][0];
        transpose_blocks(end - begin, it.inner, in + begin * in_row, in_row, it.inner_stride[0], out + begin * out_row,
                         out_row, it.inner_stride[1]);
      });
      return;
    }
    parallel_rows(it.rows, grain, [&](std::int64_t begin, std::int64_t end) {
      it.for_rows(begin, end, [&](std::int64_t, const auto& offset) {
        copy_row(it.inner, in + offset[0], it.inner_stride[0], out + offset[1], it.inner_stride[1]);
      });
    });
  });
}

}  // namespace

Shape contiguous_strides(const Shape& shape) {
  Shape strides = shape;
  std::int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[axis] = stride;
    stride *= shape[axis];
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
  strided_move(dtype, shape, in, strides, out, contiguous_strides(shape));
}

void strided_store(DType dtype, const Shape& shape, const void* in, void* out, const Shape& strides) {
  strided_move(dtype, shape, in, contiguous_strides(shape), out, strides);
}

}  // namespace xtape::kernels
