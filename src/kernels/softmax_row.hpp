#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/few.hpp"
#include "kernels/simd.hpp"

// The exponentials of a row, from its maximum.
namespace xtape::kernels {

// The rows are short as a rule (10 classes): the rest of a row goes through the same vectors, behind it zeros.
template <class T>
struct Row {
  static constexpr std::int64_t width = Batch<T>::size;
  const T* x;
  std::int64_t n;

  bool is_whole(std::int64_t i) const { return i + width <= n; }
  Batch<T> load(std::int64_t i) const { return is_whole(i) ? Batch<T>::load_unaligned(x + i) : load_few(x + i, n - i); }
  /// Which lanes hold elements of the row.
  typename Batch<T>::batch_bool_type holds(std::int64_t i) const {
    return lane_numbers<T>() < Batch<T>(static_cast<T>(std::min(n - i, width)));
  }
};

/// The greatest element; NaN if there is one; -inf of none.
template <class T>
T max_of(const Row<T>& row) {
  const Batch<T> lowest(-std::numeric_limits<T>::infinity());
  Batch<T> best = lowest;
  for (std::int64_t i = 0; i < row.n; i += Row<T>::width) {
    Batch<T> v = row.load(i);
    if (!row.is_whole(i)) v = select(row.holds(i), v, lowest);
    best = select(is_nan(best) || best > v, best, v);
  }
  if (xsimd::any(is_nan(best))) return std::numeric_limits<T>::quiet_NaN();
  return reduce_max(best);
}

/// The number of elements whose vectors are summed before the sum is added to those before.
template <class T>
inline constexpr std::int64_t row_block = 256 * Row<T>::width;

/// x - max of an element and the greatest one, infinite ones too.
template <class T>
T below_max(T x, T max) {
  return x == max ? T(0) : x - max;
}

/// exponentials() of a row with infinite elements: they are all that counts.
template <class T>
[[gnu::noinline]] T infinite_exponentials(const Row<T>& row, T* y, T max) {
  T sum = 0;
  for (std::int64_t i = 0; i < row.n; ++i) {
    const T e = row.x[i] == max ? T(1) : T(0);
    if (y != nullptr) y[i] = e;
    sum += e;
  }
  return sum;
}

/// y = e^(x - max), returns the sum; `max` is set. y may be null, or the row itself. Where elements are +inf, 1 for
/// them and 0 for the others: the limit.
template <class T>
T exponentials(const Row<T>& row, T* y, T& max) {
  max = max_of(row);
  if (max == std::numeric_limits<T>::infinity()) [[unlikely]]
    return infinite_exponentials(row, y, max);
  Batch<T> total(T(0));
  for (std::int64_t begin = 0; begin < row.n; begin += row_block<T>) {
    Batch<T> sum(T(0));
    const std::int64_t end = std::min(row.n, begin + row_block<T>);
    for (std::int64_t i = begin; i < end; i += Row<T>::width) {
      Batch<T> e = exp(row.load(i) - Batch<T>(max));
      if (row.is_whole(i)) {
        if (y != nullptr) e.store_unaligned(y + i);
      } else {
        e = select(row.holds(i), e, Batch<T>(T(0)));
        if (y != nullptr) store_few(e, y + i, row.n - i);
      }
      sum += e;
    }
    total += sum;
  }
  return sum_of_lanes(total);
}

/// out = y (d - sum(d y)) of a row, from the gradient for a softmax y that for its argument. out may be d.
template <class T>
void softmax_grad_row(const Row<T>& y, const Row<T>& d, T* out) {
  Batch<T> sums(T(0));
  for (std::int64_t begin = 0; begin < y.n; begin += row_block<T>) {
    Batch<T> sum(T(0));
    const std::int64_t end = std::min(y.n, begin + row_block<T>);
    for (std::int64_t i = begin; i < end; i += Row<T>::width) sum += y.load(i) * d.load(i);
    sums += sum;
  }
  const Batch<T> total(sum_of_lanes(sums));
  for (std::int64_t i = 0; i < y.n; i += Row<T>::width) {
    const Batch<T> value = y.load(i) * (d.load(i) - total);
    if (y.is_whole(i)) {
      value.store_unaligned(out + i);
    } else {
      store_few(value, out + i, y.n - i);
    }
  }
}

}  // namespace xtape::kernels
