#include "kernels/sparsemax.hpp"

#include <algorithm>
#include <limits>

#include "kernels/few.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

namespace xtape::kernels {
namespace {

template <class F>
void for_rows(std::int64_t rows, std::int64_t n, const F& f) {
  const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / 8 / std::max<std::int64_t>(1, n));
  parallel_rows(rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) f(r);
  });
}

/// Calls f(values, place, count) for the vectors of a row; the lanes from `count` on are `padding`.
template <class T, class F>
void for_vectors(const T* x, std::int64_t n, T padding, const F& f) {
  constexpr std::int64_t width = Batch<T>::size;
  std::int64_t i = 0;
  for (; i + width <= n; i += width) f(Batch<T>::load_unaligned(x + i), i, width);
  if (i == n) return;
  T rest[width];
  std::fill_n(std::copy(x + i, x + n, rest), width - (n - i), padding);
  f(Batch<T>::load_unaligned(rest), i, n - i);
}

/// x - max, where an infinite maximum is at a distance of 0 from itself.
template <class T>
Batch<T> below_max(const Batch<T>& x, const Batch<T>& max) {
  return xsimd::select(x == max, Batch<T>(T(0)), x - max);
}

template <class T>
void sparsemax_row(const T* x, T* y, std::int64_t n) {
  using V = Batch<T>;
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const V zero(T(0)), one(T(1));
  V largest(-infinity), not_numbers = zero;
  for_vectors<T>(x, n, -infinity, [&](const V& v, std::int64_t, std::int64_t) {
    largest = xsimd::select(v > largest, v, largest);
    not_numbers = xsimd::select(v == v, not_numbers, one);
  });
  if (sum_of_lanes<T>(not_numbers) > 0) {
    std::fill_n(y, n, std::numeric_limits<T>::quiet_NaN());
    return;
  }
  const V max(reduce_max<T>(largest));
  // The padding is NaN, which is larger than nothing, as -inf may be the maximum.
  T t = -1, before = -1;
  for (;;) {
    V sum = zero, count = zero;
    const V at(t);
    for_vectors<T>(x, n, std::numeric_limits<T>::quiet_NaN(), [&](const V& v, std::int64_t, std::int64_t) {
      const V above = below_max<T>(v, max) - at;
      sum += xsimd::select(above > zero, above, zero);
      count += xsimd::select(above > zero, one, zero);
    });
    const T elements = sum_of_lanes<T>(count);
    t += (sum_of_lanes<T>(sum) - 1) / elements;
    if (elements == before) break;
    before = elements;
  }
  const V at(t);
  for_vectors<T>(x, n, -infinity, [&](const V& v, std::int64_t place, std::int64_t count) {
    const V above = below_max<T>(v, max) - at;
    store_up_to(V(xsimd::select(above > zero, above, zero)), y + place, count);
  });
}

template <class T>
void sparsemax_grad_row(const T* dy, const T* y, T* dx, std::int64_t n) {
  using V = Batch<T>;
  constexpr std::int64_t width = V::size;
  const V zero(T(0)), one(T(1));
  V sum = zero, count = zero;
  for (std::int64_t i = 0; i < n; i += width) {
    const std::int64_t rest = std::min(width, n - i);
    const auto chosen = load_up_to<T>(y + i, rest) > zero;
    sum += xsimd::select(chosen, load_up_to<T>(dy + i, rest), zero);
    count += xsimd::select(chosen, one, zero);
  }
  const V mean(sum_of_lanes<T>(sum) / std::max(sum_of_lanes<T>(count), T(1)));
  for (std::int64_t i = 0; i < n; i += width) {
    const std::int64_t rest = std::min(width, n - i);
    const auto chosen = load_up_to<T>(y + i, rest) > zero;
    store_up_to(V(xsimd::select(chosen, load_up_to<T>(dy + i, rest) - mean, zero)), dx + i, rest);
  }
}

}  // namespace

template <class T>
void sparsemax(const T* x, T* y, std::int64_t rows, std::int64_t n) {
  for_rows(rows, n, [&](std::int64_t r) { sparsemax_row(x + r * n, y + r * n, n); });
}

template <class T>
void sparsemax_grad(const T* dy, const T* y, T* dx, std::int64_t rows, std::int64_t n) {
  for_rows(rows, n, [&](std::int64_t r) { sparsemax_grad_row(dy + r * n, y + r * n, dx + r * n, n); });
}

template void sparsemax(const float*, float*, std::int64_t, std::int64_t);
template void sparsemax(const double*, double*, std::int64_t, std::int64_t);
template void sparsemax_grad(const float*, const float*, float*, std::int64_t, std::int64_t);
template void sparsemax_grad(const double*, const double*, double*, std::int64_t, std::int64_t);

}  // namespace xtape::kernels
