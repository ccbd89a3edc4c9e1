#include "kernels/sgd.hpp"

#include "kernels/fused_update.hpp"

// Each step is a functor of vectors that fused_update runs over a variable, its gradient and its slots.
namespace xtape::kernels {
namespace {

/// Gradient descent: p -= rate g.
template <class T>
struct Descent {
  Batch<T> rate;
  void operator()(Batch<T>& p, const Batch<T>& g) const { p = p - g * rate; }
};

/// Gradient descent with momentum (Sutskever et al.: On the importance of initialization and momentum in deep learning,
/// 2013), in Keras's form, with the rate inside the velocity m:
///   m = momentum m - rate g;  p += m
/// Nesterov's form uses the velocity of the next step, for the same gradient:
///   m = momentum m - rate g;  p += momentum m - rate g
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

}  // namespace xtape::kernels
