#include "kernels/softmax.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/parallel.hpp"
#include "kernels/softmax_row.hpp"

// softmax(x) = e^(x - max) / sum e^(x - max), and what is made of the same exponentials. A row is read while it is in
// the nearest cache. A row with elements of +inf gives NaN by these formulas; such rows are found by their NaN
// afterwards and computed once more with their limit, 1 for each +inf and 0 for the rest.
namespace xtape::kernels {
namespace {

template <class T>
void scale(T* y, std::int64_t n, T factor) {
  for (std::int64_t i = 0; i < n; ++i) y[i] *= factor;
}

template <class F>
void for_pieces(std::int64_t rows, std::int64_t n, const F& f) {
  const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / 8 / std::max<std::int64_t>(1, n));
  parallel_rows(rows, grain, f);
}

/// Calls again(r, e, sum) for the rows whose largest element is +inf: e(i) are the limits of the exponentials.
template <class T, class Again>
[[gnu::noinline]] void for_infinite_rows(const T* x, std::int64_t begin, std::int64_t end, std::int64_t n,
                                         const Again& again) {
  for (std::int64_t r = begin; r < end; ++r) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    if (max_of<T>({x + r * n, n}) != infinity) continue;
    const auto e = [row = x + r * n](std::int64_t i) { return row[i] == infinity ? T(1) : T(0); };
    T sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += e(i);
    again(r, e, sum);
  }
}

/// Calls f(r) for each row, which returns a number that is NaN if the row has an element of +inf, and afterwards
/// `again` for those rows. Not between the rows: a call that is possible there doubles the time of rows of 10.
template <class T, class F, class Again>
void for_rows(const T* x, std::int64_t rows, std::int64_t n, const F& f, const Again& again) {
  for_pieces(rows, n, [&](std::int64_t begin, std::int64_t end) {
    bool all_numbers = true;
    for (std::int64_t r = begin; r < end; ++r) all_numbers &= !is_nan(f(r));
    if (!all_numbers) [[unlikely]]
      for_infinite_rows(x, begin, end, n, again);
  });
}

}  // namespace

template <class T>
void softmax(const T* x, T* y, std::int64_t rows, std::int64_t n) {
  for_rows(
      x, rows, n,
      [&](std::int64_t r) __attribute__((always_inline)) {
        T max;
        const T sum = exponentials<T>({x + r * n, n}, y + r * n, max);
        scale(y + r * n, n, T(1) / sum);
        return sum;
      },
      [&](std::int64_t r, const auto& e, T sum) {
        for (std::int64_t i = 0; i < n; ++i) y[r * n + i] = e(i) / sum;
      });
}

template <class T>
void softmax_grad(const T* dy, const T* y, T* dx, std::int64_t rows, std::int64_t n) {
  for_pieces(rows, n, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) softmax_grad_row<T>({y + r * n, n}, {dy + r * n, n}, dx + r * n);
  });
}

template <class T>
void log_softmax(const T* x, T* y, std::int64_t rows, std::int64_t n) {
  for_rows(
      x, rows, n,
      [&](std::int64_t r) __attribute__((always_inline)) {
        T max;
        const T log_sum = std::log(exponentials<T>({x + r * n, n}, nullptr, max));
        for (std::int64_t i = 0; i < n; ++i) y[r * n + i] = x[r * n + i] - max - log_sum;
        return log_sum;
      },
      [&](std::int64_t r, const auto& e, T sum) {
        for (std::int64_t i = 0; i < n; ++i) y[r * n + i] = std::log(e(i)) - std::log(sum);
      });
}

// log sum e^x = max + log sum e^(x - max).
template <class T>
void log_sum_exp(const T* x, T* y, std::int64_t rows, std::int64_t n) {
  for_pieces(rows, n, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const Row<T> row{x + r * n, n};
      T max = max_of(row);
      y[r] = std::isfinite(max) ? std::log(exponentials<T>(row, nullptr, max)) + max : max;
    }
  });
}

template <class T>
void sparse_cross_entropy(const T* x, const std::int64_t* labels, T* loss, T* p, std::int64_t rows, std::int64_t n) {
  for_rows(
      x, rows, n,
      [&](std::int64_t r) __attribute__((always_inline)) {
        T max;
        const T sum = exponentials<T>({x + r * n, n}, p + r * n, max);
        scale(p + r * n, n, T(1) / sum);
        return loss[r] = std::log(sum) - (x[r * n + labels[r]] - max);
      },
      [&](std::int64_t r, const auto& e, T sum) {
        loss[r] = std::log(sum) - std::log(e(labels[r]));
        for (std::int64_t i = 0; i < n; ++i) p[r * n + i] = e(i) / sum;
      });
}

template <class T>
void cross_entropy(const T* x, const T* labels, T* loss, T* p, std::int64_t rows, std::int64_t n) {
  for_rows(
      x, rows, n,
      [&](std::int64_t r) __attribute__((always_inline)) {
        T max, total = 0;
        const T sum = exponentials<T>({x + r * n, n}, p + r * n, max), log_sum = std::log(sum);
        for (std::int64_t i = r * n; i < (r + 1) * n; ++i) {
          if (labels[i] != 0) total += labels[i] * (log_sum - (x[i] - max));
        }
        loss[r] = total;
        scale(p + r * n, n, T(1) / sum);
        return sum;
      },
      [&](std::int64_t r, const auto& e, T sum) {
        T total = 0;
        for (std::int64_t i = 0; i < n; ++i) {
          const T label = labels[r * n + i];
          if (label != 0) total += label * (std::log(sum) - std::log(e(i)));
          p[r * n + i] = e(i) / sum;
        }
        loss[r] = total;
      });
}

template void softmax(const float*, float*, std::int64_t, std::int64_t);
template void softmax(const double*, double*, std::int64_t, std::int64_t);
template void softmax_grad(const float*, const float*, float*, std::int64_t, std::int64_t);
template void softmax_grad(const double*, const double*, double*, std::int64_t, std::int64_t);
template void log_softmax(const float*, float*, std::int64_t, std::int64_t);
template void log_softmax(const double*, double*, std::int64_t, std::int64_t);
template void log_sum_exp(const float*, float*, std::int64_t, std::int64_t);
template void log_sum_exp(const double*, double*, std::int64_t, std::int64_t);
template void sparse_cross_entropy(const float*, const std::int64_t*, float*, float*, std::int64_t, std::int64_t);
template void sparse_cross_entropy(const double*, const std::int64_t*, double*, double*, std::int64_t, std::int64_t);
template void cross_entropy(const float*, const float*, float*, float*, std::int64_t, std::int64_t);
template void cross_entropy(const double*, const double*, double*, double*, std::int64_t, std::int64_t);

}  // namespace xtape::kernels
