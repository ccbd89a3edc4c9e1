#include "kernels/lamb.hpp"

#include <cmath>

#include "kernels/fused_update.hpp"
#include "kernels/gradient_clipping.hpp"
#include "xtape/base/memory.hpp"

// LAMB (You et al.: Large Batch Optimization for Deep Learning: Training BERT in 76 minutes, 2020, algorithm 2):
//   m += (g - m) (1 - beta_1);  v += (g^2 - v) (1 - beta_2);  u = scale_m m / (sqrt(scale_v v) + epsilon)
//   p -= rate |p| / |u| u
// The norm of u must be known before the first element of p changes, so there are two passes: the first updates m and v
// and adds up the squares of u, block by block; the second computes u from m and v again instead of keeping an array.
namespace xtape::kernels {
namespace {

/// A multiple of the vector size, small enough for the u of a block to be on the stack.
constexpr std::int64_t block = 1024;

/// u = scale_m m / (sqrt(scale_v v) + epsilon), after m and v have been updated as in Adam.
template <class T>
struct Direction {
  Batch<T> rate_1, rate_2, epsilon, scale_m, scale_v;

  Batch<T> of(const Batch<T>& m, const Batch<T>& v) const { return m * scale_m / (xsimd::sqrt(v * scale_v) + epsilon); }
  void operator()(Batch<T>& u, const Batch<T>& g, Batch<T>& m, Batch<T>& v) const {
    m = m + (g - m) * rate_1;
    v = v + (g * g - v) * rate_2;
    u = of(m, v);
  }
};

/// p -= rate ratio u
template <class T>
struct Step {
  Direction<T> direction;
  Batch<T> rate;
  // m stands where a gradient would: it is only read.
  void operator()(Batch<T>& p, const Batch<T>& m, Batch<T>& v) const { p = p - rate * direction.of(m, v); }
};

}  // namespace

template <class T>
void lamb(std::int64_t n, T* p, const T* g, T* m, T* v, const LambStep& step) {
  const auto all = [](double value) { return Batch<T>(static_cast<T>(value)); };
  const Direction<T> direction{all(1 - step.beta_1), all(1 - step.beta_2), all(step.epsilon), all(step.scale_m),
                               all(step.scale_v)};
  const std::int64_t blocks = (n + block - 1) / block;
  detail::PoolVector<double> squares(static_cast<std::size_t>(blocks));
  parallel_rows(blocks, elementwise_grain / block, [&](std::int64_t begin, std::int64_t end) {
    T u[block];
    for (std::int64_t b = begin; b < end; ++b) {
      const std::int64_t first = b * block, count = std::min(block, n - first);
      std::fill_n(u, count, T(0));  // fused_update loads it, although Direction only writes it
      fused_update(count, u, g + first, direction, m + first, v + first);
      squares[static_cast<std::size_t>(b)] = sum_of_squares(count, u);
    }
  });
  // In the order of the blocks, so that it does not depend on the number of threads.
  double sum = 0;
  for (const double part : squares) sum += part;
  const double weight = std::sqrt(sum_of_squares(n, p)), update = std::sqrt(sum);
  const double ratio = weight > 0 && update > 0 ? weight / update : 1;
  fused_update(n, p, static_cast<const T*>(m), Step<T>{direction, all(step.rate * ratio)}, v);
}
template void lamb(std::int64_t, float*, const float*, float*, float*, const LambStep&);
template void lamb(std::int64_t, double*, const double*, double*, double*, const LambStep&);

}  // namespace xtape::kernels
