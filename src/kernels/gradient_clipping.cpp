#include "kernels/gradient_clipping.hpp"

#include "kernels/few.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"
#include "xtape/base/memory.hpp"

namespace xtape::kernels {
namespace {

template <class T>
double block_sum(std::int64_t n, const T* x) {
  constexpr std::int64_t lanes = 16;  // independent sums, which the compiler turns into vectors
  double sums[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (std::int64_t k = 0; k < lanes; ++k) {
      const auto value = static_cast<double>(x[i + k]);
      sums[k] += value * value;
    }
  }
  double sum = 0;
  for (; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  for (const double lane : sums) sum += lane;
  return sum;
}

template <class T>
double sum_blocks(std::int64_t n, const T* x) {
  constexpr std::int64_t block = 4096;
  if (n <= block) return block_sum(n, x);
  const std::int64_t blocks = (n + block - 1) / block;
  detail::PoolVector<double> sums(static_cast<std::size_t>(blocks));
  parallel_rows(blocks, elementwise_grain / block, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      sums[static_cast<std::size_t>(b)] = block_sum(std::min(block, n - b * block), x + b * block);
    }
  });
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

template <class T, class F>
void map(std::int64_t n, const T* x, T* y, const F& f) {
  parallel_for(n, elementwise_grain,
               [&](std::int64_t begin, std::int64_t end) { map_row(end - begin, y + begin, f, x + begin); });
}

template <class T>
void clip_values(std::int64_t n, const T* x, T limit, T* y) {
  map(n, x, y, [limit](auto v) {
    using V = decltype(v);
    return select(v > V(limit), V(limit), select(v < V(-limit), V(-limit), v));
  });
}

}  // namespace

double sum_of_squares(std::int64_t n, const float* x) { return sum_blocks(n, x); }
double sum_of_squares(std::int64_t n, const double* x) { return sum_blocks(n, x); }

void scale(std::int64_t n, const float* x, float factor, float* y) {
  map(n, x, y, [factor](auto v) { return v * decltype(v)(factor); });
}
void scale(std::int64_t n, const double* x, double factor, double* y) {
  map(n, x, y, [factor](auto v) { return v * decltype(v)(factor); });
}

void clip(std::int64_t n, const float* x, float limit, float* y) { clip_values(n, x, limit, y); }
void clip(std::int64_t n, const double* x, double limit, double* y) { clip_values(n, x, limit, y); }

}  // namespace xtape::kernels
