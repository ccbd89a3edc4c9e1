#include "kernels/softmax.hpp"

#include <limits>

#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

namespace xtape::kernels {
namespace {

// The rows are short as a rule (10 classes): the rest of a row, padded with -inf, goes through the same vectors.
template <class T>
struct Row {
  static constexpr std::int64_t width = Batch<T>::size;
  static constexpr T lowest = -std::numeric_limits<T>::infinity();
  const T* x;
  std::int64_t n;

  Batch<T> load(std::int64_t i, T padding) const {
    if (i + width <= n) return Batch<T>::load_unaligned(x + i);
    T rest[width];
    for (std::int64_t k = 0; k < width; ++k) rest[k] = i + k < n ? x[i + k] : padding;
    return Batch<T>::load_unaligned(rest);
  }
};

template <class T>
void store(const Batch<T>& values, T* y, std::int64_t i, std::int64_t n) {
  if (i + Row<T>::width <= n) return values.store_unaligned(y + i);
  T rest[Row<T>::width];
  values.store_unaligned(rest);
  std::copy_n(rest, n - i, y + i);
}

template <class T>
T max_of(const Row<T>& row) {
  Batch<T> best(Row<T>::lowest);
  for (std::int64_t i = 0; i < row.n; i += Row<T>::width) {
    const Batch<T> v = row.load(i, Row<T>::lowest);
    best = select(is_nan(best) || best > v, best, v);
  }
  T lanes[Row<T>::width];
  best.store_unaligned(lanes);
  T result = lanes[0];
  for (const T lane : lanes) result = result != result || result > lane ? result : lane;
  return result;
}

template <class T>
T sum_of(const Batch<T>& v) {
  T lanes[Row<T>::width];
  v.store_unaligned(lanes);
  T sum = 0;
  for (const T lane : lanes) sum += lane;
  return sum;
}

/// y = e^(x - max), returns the sum; `max` is set.
template <class T>
T exponentials(const Row<T>& row, T* y, T& max) {
  max = max_of(row);
  Batch<T> sum(T(0));
  for (std::int64_t i = 0; i < row.n; i += Row<T>::width) {
    const Batch<T> e = exp(row.load(i, Row<T>::lowest) - Batch<T>(max));
    sum += e;
    if (y != nullptr) store(e, y, i, row.n);
  }
  // The padding of -inf adds e^-inf = 0, except to a row of only -inf, which is NaN already.
  return sum_of(sum);
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
template void sparse_cross_entropy(const float*, const std::int64_t*, float*, float*, std::int64_t, std::int64_t);
template void sparse_cross_entropy(const double*, const std::int64_t*, double*, double*, std::int64_t, std::int64_t);
template void cross_entropy(const float*, const float*, float*, float*, std::int64_t, std::int64_t);
template void cross_entropy(const double*, const double*, double*, double*, std::int64_t, std::int64_t);

}  // namespace xtape::kernels
