#include "kernels/lion.hpp"

#include "kernels/fused_update.hpp"

namespace xtape::kernels {
namespace {

/// Lion (Chen et al.: Symbolic Discovery of Optimization Algorithms, 2023, algorithm 2):
///   c = beta_1 m + (1 - beta_1) g;  p -= rate sign(c);  m = beta_2 m + (1 - beta_2) g
/// The inner select leaves 0 and NaN as they are, so that sign(NaN) is NaN and not 0.
template <class T>
struct LionStep {
  Batch<T> rate, beta_1, rest_1, beta_2, rest_2;

  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& m) const {
    const Batch<T> c = m * beta_1 + g * rest_1, zero(T(0)), one(T(1));
    p = p - rate * xsimd::select(c > zero, one, xsimd::select(c < zero, -one, c));
    m = m * beta_2 + g * rest_2;
  }
};

}  // namespace

template <class T>
void lion(std::int64_t n, T* p, const T* g, T* m, double rate, double beta_1, double beta_2) {
  const auto all = [](double value) { return Batch<T>(static_cast<T>(value)); };
  fused_update(n, p, g, LionStep<T>{all(rate), all(beta_1), all(1 - beta_1), all(beta_2), all(1 - beta_2)}, m);
}
template void lion(std::int64_t, float*, const float*, float*, double, double, double);
template void lion(std::int64_t, double*, const double*, double*, double, double, double);

}  // namespace xtape::kernels
