#include "kernels/softmax.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/parallel.hpp"
#include "kernels/softmax_row.hpp"

namespace xtape::kernels {
namespace {

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
void softmax_grad(const T* dy, const T* y, T* dx, std::int64_t rows, std::int64_t n) {
  for_rows(rows, n, [&](std::int64_t r) { softmax_grad_row<T>({y + r * n, n}, {dy + r * n, n}, dx + r * n); });
}

template <class T>
void log_softmax(const T* x, T* y, std::int64_t rows, std::int64_t n) {
  for_rows(rows, n, [&](std::int64_t r) {
    T max;
    const T log_sum = std::log(exponentials<T>({x + r * n, n}, nullptr, max));
    for (std::int64_t i = 0; i < n; ++i) y[r * n + i] = below_max(x[r * n + i], max) - log_sum;
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
    loss[r] = std::log(sum) - below_max(x[r * n + labels[r]], max);
    scale(p + r * n, n, T(1) / sum);
  });
}

template <class T>
void cross_entropy(const T* x, const T* labels, T* loss, T* p, std::int64_t rows, std::int64_t n) {
  for_rows(rows, n, [&](std::int64_t r) {
    T max, total = 0;
    const T sum = exponentials<T>({x + r * n, n}, p + r * n, max), log_sum = std::log(sum);
    for (std::int64_t i = r * n; i < (r + 1) * n; ++i) {
      if (labels[i] != 0) total += labels[i] * (log_sum - below_max(x[i], max));
    }
    loss[r] = total;
    scale(p + r * n, n, T(1) / sum);
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
