#include "kernels/adam.hpp"

#include <cmath>
#include <xsimd/xsimd.hpp>

#include "kernels/few.hpp"
#include "kernels/parallel.hpp"

namespace xtape::kernels {
namespace {

template <class T>
struct Step {
  using Batch = xsimd::batch<T>;
  Batch alpha;
  Batch rate_1;  // 1 - beta_1
  Batch rate_2;  // 1 - beta_2
  Batch epsilon;

  void operator()(Batch& p, const Batch& g, Batch& m, Batch& v) const {
    m = m + (g - m) * rate_1;
    v = v + (g * g - v) * rate_2;
    p = p - alpha * m / (xsimd::sqrt(v) + epsilon);
  }
};

/// The elements [begin, end).
template <class T>
void update_range(std::int64_t begin, std::int64_t end, T* p, const T* g, T* m, T* v, const Step<T>& given) {
  const Step<T> step = given;  // behind a reference it would be loaded anew after every store
  using Batch = xsimd::batch<T>;
  constexpr std::int64_t width = Batch::size;
  std::int64_t i = begin;
  for (; i + width <= end; i += width) {
    Batch pi = Batch::load_unaligned(p + i), mi = Batch::load_unaligned(m + i), vi = Batch::load_unaligned(v + i);
    step(pi, Batch::load_unaligned(g + i), mi, vi);
    pi.store_unaligned(p + i);
    mi.store_unaligned(m + i);
    vi.store_unaligned(v + i);
  }
  if (const std::int64_t count = end - i; count > 0) {
    // Through a vector as well, for the same rounding at every place of the array.
    Batch pi = load_few(p + i, count), mi = load_few(m + i, count), vi = load_few(v + i, count);
    step(pi, load_few(g + i, count), mi, vi);
    store_few(pi, p + i, count);
    store_few(mi, m + i, count);
    store_few(vi, v + i, count);
  }
}

template <class T>
void update(std::int64_t n, T* p, const T* g, T* m, T* v, double alpha, double beta_1, double beta_2, double epsilon) {
  using Batch = xsimd::batch<T>;
  const Step<T> step = {Batch(static_cast<T>(alpha)), Batch(static_cast<T>(1.0 - beta_1)),
                        Batch(static_cast<T>(1.0 - beta_2)), Batch(static_cast<T>(epsilon))};
  parallel_for(n, elementwise_grain,
               [&](std::int64_t begin, std::int64_t end) { update_range(begin, end, p, g, m, v, step); });
}

}  // namespace

void adam(std::int64_t n, float* p, const float* g, float* m, float* v, double alpha, double beta_1, double beta_2,
          double epsilon) {
  update(n, p, g, m, v, alpha, beta_1, beta_2, epsilon);
}

void adam(std::int64_t n, double* p, const double* g, double* m, double* v, double alpha, double beta_1, double beta_2,
          double epsilon) {
  update(n, p, g, m, v, alpha, beta_1, beta_2, epsilon);
}

}  // namespace xtape::kernels
