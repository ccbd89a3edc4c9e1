#include "kernels/adam.hpp"

#include <cmath>
#include <cstring>
#include <xsimd/xsimd.hpp>

#include "kernels/parallel.hpp"

namespace xtape::kernels {
namespace {

template <class T>
struct Step {
  T alpha;
  T rate_1;  // 1 - beta_1
  T rate_2;  // 1 - beta_2
  T epsilon;

  /// V is T, or a batch of it.
  template <class V>
  void operator()(V& p, const V& g, V& m, V& v) const {
    using std::sqrt;
    m = m + (g - m) * V(rate_1);
    v = v + (g * g - v) * V(rate_2);
    p = p - V(alpha) * m / (sqrt(v) + V(epsilon));
  }
};

/// Copies fewer than a vector's elements, by pieces of fixed size: a call of memcpy takes longer than the rest of a tail.
template <std::size_t piece, class T>
inline void copy_few(const T* from, T* to, std::int64_t count) {
  if constexpr (piece > 0) {
    if ((count & static_cast<std::int64_t>(piece)) != 0) {
      std::memcpy(to, from, piece * sizeof(T));
      from += piece;
      to += piece;
    }
    copy_few<piece / 2>(from, to, count);
  }
}

template <class T>
void update(std::int64_t n, T* p, const T* g, T* m, T* v, const Step<T>& step) {
  using Batch = xsimd::batch<T>;
  constexpr std::int64_t width = Batch::size;
  parallel_for(n, elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
    const auto by_vector = [&](T* p_at, const T* g_at, T* m_at, T* v_at) {
      Batch pi = Batch::load_unaligned(p_at);
      Batch mi = Batch::load_unaligned(m_at);
      Batch vi = Batch::load_unaligned(v_at);
      step(pi, Batch::load_unaligned(g_at), mi, vi);
      pi.store_unaligned(p_at);
      mi.store_unaligned(m_at);
      vi.store_unaligned(v_at);
    };
    std::int64_t i = begin;
    for (; i + width <= end; i += width) by_vector(p + i, g + i, m + i, v + i);
    if (i < end) {
      // Through a vector as well, for the same rounding at every place of the array.
      T rest[4][width] = {};
      T* const arrays[] = {p, const_cast<T*>(g), m, v};
      for (int a = 0; a < 4; ++a) copy_few<width / 2>(arrays[a] + i, rest[a], end - i);
      by_vector(rest[0], rest[1], rest[2], rest[3]);
      for (int a : {0, 2, 3}) copy_few<width / 2>(rest[a], arrays[a] + i, end - i);
    }
  });
}

}  // namespace

void adam(std::int64_t n, float* p, const float* g, float* m, float* v, double alpha, double beta_1, double beta_2,
          double epsilon) {
  update<float>(n, p, g, m, v,
                {static_cast<float>(alpha), static_cast<float>(1.0 - beta_1), static_cast<float>(1.0 - beta_2),
                 static_cast<float>(epsilon)});
}

void adam(std::int64_t n, double* p, const double* g, double* m, double* v, double alpha, double beta_1, double beta_2,
          double epsilon) {
  update<double>(n, p, g, m, v, {alpha, 1.0 - beta_1, 1.0 - beta_2, epsilon});
}

}  // namespace xtape::kernels
