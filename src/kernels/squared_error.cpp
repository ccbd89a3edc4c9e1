#include "kernels/squared_error.hpp"

#include <algorithm>

#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

// The mean of (a - b)^2 over rows, without an array of the differences.
namespace xtape::kernels {
namespace {

/// The sum of up to `block` squares, in the lanes of one vector.
template <class T>
T sum_of_block(const T* a, const T* b, std::int64_t n) {
  constexpr std::int64_t width = Batch<T>::size;
  Batch<T> lanes(T(0));
  std::int64_t i = 0;
  for (; i + width <= n; i += width) {
    const Batch<T> d = Batch<T>::load_unaligned(a + i) - Batch<T>::load_unaligned(b + i);
    lanes = lanes + d * d;
  }
  T each[width];
  lanes.store_unaligned(each);
  T sum = 0;
  for (const T lane : each) sum += lane;
  for (; i < n; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

template <class T>
T sum_of_squares(const T* a, const T* b, std::int64_t n) {
  constexpr std::int64_t block = 4096;
  if (n <= block) return sum_of_block(a, b, n);
  double sum = 0;  // of blocks, so that a long row is as exact as a short one
  for (std::int64_t i = 0; i < n; i += block) {
    sum += static_cast<double>(sum_of_block(a + i, b + i, std::min(block, n - i)));
  }
  return static_cast<T>(sum);
}

template <class T>
void rows_of(const T* a, const T* b, T* out, std::int64_t rows, std::int64_t n) {
  const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / std::max<std::int64_t>(1, n));
  parallel_rows(rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      out[r] = sum_of_squares(a + r * n, b + r * n, n) / static_cast<T>(n);
    }
  });
}

}  // namespace

void mean_squared_error(const float* a, const float* b, float* out, std::int64_t rows, std::int64_t n) {
  rows_of(a, b, out, rows, n);
}
void mean_squared_error(const double* a, const double* b, double* out, std::int64_t rows, std::int64_t n) {
  rows_of(a, b, out, rows, n);
}

}  // namespace xtape::kernels
