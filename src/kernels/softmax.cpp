#include "kernels/softmax.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/few.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

namespace xtape::kernels {
namespace {

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

/// y = e^(x - max), returns the sum; `max` is set.
template <class T>
T exponentials(const Row<T>& row, T* y, T& max) {
  max = max_of(row);
  Batch<T> sum(T(0));
  for (std::int64_t i = 0; i < row.n; i += Row<T>::width) {
    Batch<T> e = exp(row.load(i) - Batch<T>(max));
    if (row.is_whole(i)) {
      if (y != nullptr) e.store_unaligned(y + i);
    } else {
      e = select(row.holds(i), e, Batch<T>(T(0)));
      if (y != nullptr) store_few(e, y + i, row.n - i);
    }
    sum += e;
  }
  return xsimd::hadd(sum);
}

template <class T>
void scale(T* y, std::int64_t n, T factor) {
  for (std::int64_t i = 0; i < n; ++i) y[i] *= factor;
}

template <class F>
void for_rows(std::int64_t rows, std::int64_t n, const F& f) {
  const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / 8 / std::max<std::int64_t>(1, n));
  parallel_rows(rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) f(r);
  });
}

}  // namespace

template <class T>
void softmax(const T* x, T* y, std::int64_t rows, std::int64_t n) {
  for_rows(rows, n, [&](std::int64_t r) {
    T max;
    const T sum = exponentials<T>({x + r * n, n}, y + r * n, max);
    scale(y + r * n, n, T(1) / sum);
  });
}

template <class T>
void log_softmax(const T* x, T* y, std::int64_t rows, std::int64_t n) {
  for_rows(rows, n, [&](std::int64_t r) {
    T max;
    const T log_sum = std::log(exponentials<T>({x + r * n, n}, nullptr, max));
    for (std::int64_t i = 0; i < n; ++i) y[r * n + i] = x[r * n + i] - max - log_sum;
  });
}

template <class T>
void log_sum_exp(const T* x, T* y, std::int64_t rows, std::int64_t n) {
  for_rows(rows, n, [&](std::int64_t r) {
    const Row<T> row{x + r * n, n};
    T max = max_of(row);
    y[r] = std::isfinite(max) ? std::log(exponentials<T>(row, nullptr, max)) + max : max;
  });
}

template <class T>
void sparse_cross_entropy(const T* x, const std::int64_t* labels, T* loss, T* p, std::int64_t rows, std::int64_t n) {
  for_rows(rows, n, [&](std::int64_t r) {
    T max;
    const T sum = exponentials<T>({x + r * n, n}, p + r * n, max);
    loss[r] = std::log(sum) - (x[r * n + labels[r]] - max);
    scale(p + r * n, n, T(1) / sum);
  });
}

template <class T>
void cross_entropy(const T* x, const T* labels, T* loss, T* p, std::int64_t rows, std::int64_t n) {
  for_rows(rows, n, [&](std::int64_t r) {
    T max, total = 0;
    const T sum = exponentials<T>({x + r * n, n}, p + r * n, max), log_sum = std::log(sum);
    for (std::int64_t i = r * n; i < (r + 1) * n; ++i) {
      if (labels[i] != 0) total += labels[i] * (log_sum - (x[i] - max));
    }
    loss[r] = total;
    scale(p + r * n, n, T(1) / sum);
  });
}

template void softmax(const float*, float*, std::int64_t, std::int64_t);
template void softmax(const double*, double*, std::int64_t, std::int64_t);
template void log_softmax(const float*, float*, std::int64_t, std::int64_t);
template void log_softmax(const double*, double*, std::int64_t, std::int64_t);
template void log_sum_exp(const float*, float*, std::int64_t, std::int64_t);
template void log_sum_exp(const double*, double*, std::int64_t, std::int64_t);
template void sparse_cross_entropy(const float*, const std::int64_t*, float*, float*, std::int64_t, std::int64_t);
template void sparse_cross_entropy(const double*, const std::int64_t*, double*, double*, std::int64_t, std::int64_t);
template void cross_entropy(const float*, const float*, float*, float*, std::int64_t, std::int64_t);
template void cross_entropy(const double*, const double*, double*, double*, std::int64_t, std::int64_t);

}  // namespace xtape::kernels
