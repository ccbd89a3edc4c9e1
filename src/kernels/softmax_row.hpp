#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/few.hpp"
#include "kernels/simd.hpp"

// The exponentials of a row, from its maximum.
namespace xtape::kernels {

// Rows are usually short (10 classes), so the rest of a row goes through the same vectors, filled up with zeros.
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

/// The largest element; NaN if there is one; -inf for an empty row.
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

/// Elements whose exponentials are summed before the sum is added to the total: long rows lose no digits.
template <class T>
inline constexpr std::int64_t row_block = 256 * Row<T>::width;

/// y = e^(x - max), returns the sum; `max` is set. y may be null, or the row itself. NaN where an element is +inf.
template <class T>
T exponentials(const Row<T>& row, T* y, T& max) {
  max = max_of(row);
  Batch<T> sum(T(0)), total(T(0));
  for (std::int64_t i = 0; i < row.n; i += Row<T>::width) {
    Batch<T> e = exp(row.load(i) - Batch<T>(max));
    if (row.is_whole(i)) {
      if (y != nullptr) e.store_unaligned(y + i);
    } else {
      e = select(row.holds(i), e, Batch<T>(T(0)));
      if (y != nullptr) store_few(e, y + i, row.n - i);
    }
    if (i % row_block<T> == row_block<T> - Row<T>::width) {
      total += sum;
      sum = Batch<T>(T(0));
    }
    sum += e;
  }
  return sum_of_lanes(total + sum);
}

/// out = y (d - sum(d y)) of a row, from the gradient for a softmax y that for its argument. out may be d.
template <class T>
void softmax_grad_row(const Row<T>& y, const Row<T>& d, T* out) {
  Batch<T> sum(T(0));
  for (std::int64_t i = 0; i < y.n; i += Row<T>::width) sum += y.load(i) * d.load(i);
  const Batch<T> total(sum_of_lanes(sum));
  map_row(
      y.n, out, [&](const Batch<T>& p, const Batch<T>& g) { return p * (g - total); }, y.x, d.x);
}

}  // namespace xtape::kernels
