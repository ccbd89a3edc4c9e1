#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/dispatch.hpp"
#include "kernels/parallel.hpp"
#include "kernels/reduce.hpp"
#include "kernels/reduce_operations.hpp"
#include "kernels/scratch.hpp"
#include "xtape/base/memory.hpp"

namespace xtape::kernels {
namespace {

template <class T>
void square(const T* in, T* out, std::int64_t n) {
  map_row(
      n, out, [](auto v) { return v * v; }, in);
}

/// The sum of squares of one long row, a block at a time.
template <class T>
T sum_of_squares(const T* in, std::int64_t n) {
  constexpr std::int64_t block = block_elements<T>;
  const std::int64_t blocks = (n + block - 1) / block;
  if (blocks == 0) return T(0);
  detail::PoolVector<T> partial(static_cast<std::size_t>(blocks));
  T* const partials = partial.data();
  parallel_rows(blocks, std::max<std::int64_t>(1, elementwise_grain / block),
                [&](std::int64_t begin, std::int64_t end) {
                  alignas(64) T squares[block];
                  for (std::int64_t b = begin; b < end; ++b) {
                    const std::int64_t count = std::min(block, n - b * block);
                    square(in + b * block, squares, count);
                    partials[b] = reduce_block(squares, count, Sum{});
                  }
                });
  return combine_pairwise(partials, blocks, Sum{});
}

/// The norm of `count` elements `step` apart, of any size: by way of double, or of parts of the largest.
template <class T>
T careful_norm(const T* in, std::int64_t count, std::int64_t step) {
  T largest = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const T size = std::abs(in[i * step]);
    if (!(size <= largest)) largest = size;
    if (is_nan(size)) return size;
  }
  if (largest == 0 || std::isinf(largest)) return largest;
  const double unit = std::is_same_v<T, float> ? 1.0 : static_cast<double>(largest);
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const double part = static_cast<double>(in[i * step]) / unit;
    sum += part * part;
  }
  return static_cast<T>(unit * std::sqrt(sum));
}

template <class T>
void norm(const T* in, T* out, std::int64_t outer, std::int64_t count, std::int64_t inner) {
  const std::int64_t all = outer * count * inner;
  if (outer * inner == 1) {
    *out = sum_of_squares(in, count);
  } else {
    const Scratch squares(static_cast<std::size_t>(all) * sizeof(T));
    T* const to = static_cast<T*>(squares.data());
    parallel_for(all, elementwise_grain,
                 [=](std::int64_t begin, std::int64_t end) { square(in + begin, to + begin, end - begin); });
    reduce_sum(dtype_of<T>, to, out, outer, count, inner);
  }
  // A sum of squares between these bounds has lost nothing to underflow or overflow. Others are computed again with
  // scaling.
  const T least = std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon() * static_cast<T>(count);
  constexpr T largest = std::numeric_limits<T>::max();
  for (std::int64_t i = 0; i < outer * inner; ++i) {
    const bool safe = out[i] >= least && out[i] <= largest;
    out[i] = safe ? std::sqrt(out[i]) : careful_norm(in + i / inner * count * inner + i % inner, count, inner);
  }
}

}  // namespace

void reduce_norm(DType dtype, const void* in, void* out, std::int64_t outer, std::int64_t count, std::int64_t inner) {
  visit_floating(dtype,
                 [&]<class T>(Type<T>) { norm(static_cast<const T*>(in), static_cast<T*>(out), outer, count, inner); });
}

}  // namespace xtape::kernels
