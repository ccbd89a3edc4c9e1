#include "kernels/sgd.hpp"

#include "kernels/fused_update.hpp"

// Each step is a functor of vectors that fused_update runs over a variable, its gradient and its slots.
namespace xtape::kernels {
namespace {

template <class T>
struct Descent {
  Batch<T> rate;
  void operator()(Batch<T>& p, const Batch<T>& g) const { p = p - g * rate; }
};

/// Momentum as Keras has it, the rate inside of the velocity: m = momentum m - rate g. Nesterov's form (Sutskever et
/// al., 2013) steps by the velocity of the next step, momentum m - rate g once more.
template <class T, bool nesterov>
struct MomentumDescent {
  Batch<T> rate, momentum;

  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& m) const {
    const Batch<T> down = g * rate;
    m = m * momentum - down;
    p = p + (nesterov ? m * momentum - down : m);
  }
};

template <class T>
void descend_with_momentum(std::int64_t n, T* p, const T* g, T* m, T rate, T momentum, bool nesterov) {
  if (nesterov) {
    fused_update(n, p, g, MomentumDescent<T, true>{Batch<T>(rate), Batch<T>(momentum)}, m);
  } else {
    fused_update(n, p, g, MomentumDescent<T, false>{Batch<T>(rate), Batch<T>(momentum)}, m);
  }
}

/// Lion (Chen et al., 2023): the sign of a mixture of momentum and gradient. The inner select leaves 0 and NaN as they
/// are, so that sign(NaN) = NaN and not 0.
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

void sgd(std::int64_t n, float* p, const float* g, float rate) {
  fused_update(n, p, g, Descent<float>{Batch<float>(rate)});
}
void sgd(std::int64_t n, double* p, const double* g, double rate) {
  fused_update(n, p, g, Descent<double>{Batch<double>(rate)});
}

void sgd_momentum(std::int64_t n, float* p, const float* g, float* m, float rate, float momentum, bool nesterov) {
  descend_with_momentum(n, p, g, m, rate, momentum, nesterov);
}
void sgd_momentum(std::int64_t n, double* p, const double* g, double* m, double rate, double momentum, bool nesterov) {
  descend_with_momentum(n, p, g, m, rate, momentum, nesterov);
}

template <class T>
void lion(std::int64_t n, T* p, const T* g, T* m, double rate, double beta_1, double beta_2) {
  const auto all = [](double value) { return Batch<T>(static_cast<T>(value)); };
  fused_update(n, p, g, LionStep<T>{all(rate), all(beta_1), all(1 - beta_1), all(beta_2), all(1 - beta_2)}, m);
}
template void lion(std::int64_t, float*, const float*, float*, double, double, double);
template void lion(std::int64_t, double*, const double*, double*, double, double, double);

}  // namespace xtape::kernels
