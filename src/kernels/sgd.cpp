#include "kernels/sgd.hpp"

#include "kernels/few.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

namespace xtape::kernels {
namespace {

/// Vectors to the last element, for the same rounding at every place of the array.
template <class T>
void descend(std::int64_t n, T* p, const T* g, T rate) {
  constexpr std::int64_t width = Batch<T>::size;
  const auto next = [rate](const Batch<T>& pi, const Batch<T>& gi) { return pi - gi * Batch<T>(rate); };
  parallel_for(n, elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t i = begin;
    for (; i + width <= end; i += width) {
      next(Batch<T>::load_unaligned(p + i), Batch<T>::load_unaligned(g + i)).store_unaligned(p + i);
    }
    if (const std::int64_t count = end - i; count > 0) {
      store_few(next(load_few(p + i, count), load_few(g + i, count)), p + i, count);
    }
  });
}

template <class T, bool nesterov>
void descend_with_momentum(std::int64_t n, T* p, const T* g, T* m, T rate, T momentum) {
  constexpr std::int64_t width = Batch<T>::size;
  const auto step = [rate, momentum](Batch<T>& pi, const Batch<T>& gi, Batch<T>& mi) {
    const Batch<T> down = gi * Batch<T>(rate);
    mi = mi * Batch<T>(momentum) - down;
    pi = pi + (nesterov ? mi * Batch<T>(momentum) - down : mi);
  };
  parallel_for(n, elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t i = begin;
    for (; i + width <= end; i += width) {
      Batch<T> pi = Batch<T>::load_unaligned(p + i), mi = Batch<T>::load_unaligned(m + i);
      step(pi, Batch<T>::load_unaligned(g + i), mi);
      pi.store_unaligned(p + i);
      mi.store_unaligned(m + i);
    }
    if (const std::int64_t count = end - i; count > 0) {
      Batch<T> pi = load_few(p + i, count), mi = load_few(m + i, count);
      step(pi, load_few(g + i, count), mi);
      store_few(pi, p + i, count);
      store_few(mi, m + i, count);
    }
  });
}

template <class T>
void descend_with_momentum(std::int64_t n, T* p, const T* g, T* m, T rate, T momentum, bool nesterov) {
  if (nesterov) {
    descend_with_momentum<T, true>(n, p, g, m, rate, momentum);
  } else {
    descend_with_momentum<T, false>(n, p, g, m, rate, momentum);
  }
}

}  // namespace

void sgd(std::int64_t n, float* p, const float* g, float rate) { descend(n, p, g, rate); }
void sgd(std::int64_t n, double* p, const double* g, double rate) { descend(n, p, g, rate); }

void sgd_momentum(std::int64_t n, float* p, const float* g, float* m, float rate, float momentum, bool nesterov) {
  descend_with_momentum(n, p, g, m, rate, momentum, nesterov);
}
void sgd_momentum(std::int64_t n, double* p, const double* g, double* m, double rate, double momentum, bool nesterov) {
  descend_with_momentum(n, p, g, m, rate, momentum, nesterov);
}

}  // namespace xtape::kernels
