#include "kernels/adagrad.hpp"

#include "kernels/fused_update.hpp"

// Each step is a functor of vectors that fused_update runs over a variable p, its gradient g and its slots. The
// formulas are Keras's: where a step divides by a root, epsilon stands under it. `rest` is 1 - rho, computed in double,
// because 1 - 0.999f has four digits less.
namespace xtape::kernels {
namespace {

template <class T>
Batch<T> all(double value) {
  return Batch<T>(static_cast<T>(value));
}

/// Adagrad (Duchi, Hazan, Singer: Adaptive Subgradient Methods for Online Learning and Stochastic Optimization, 2011):
///   a += g^2;  p -= rate g / sqrt(a + epsilon)
template <class T>
struct AdagradVectors {
  Batch<T> rate, epsilon;

  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& a) const {
    a = a + g * g;
    p = p - rate * g / xsimd::sqrt(a + epsilon);
  }
};

/// Adadelta (Zeiler: ADADELTA: An Adaptive Learning Rate Method, 2012, algorithm 1):
///   a = rho a + (1 - rho) g^2;  delta = g sqrt(d + epsilon) / sqrt(a + epsilon)
///   d = rho d + (1 - rho) delta^2;  p -= rate delta
/// The gradient is scaled by the ratio of two root mean squares, of the steps so far and of the gradients, so that the
/// step has the unit of the variable. Zeiler's delta has the opposite sign.
template <class T>
struct AdadeltaVectors {
  Batch<T> rate, rho, rest, epsilon;

  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& a, Batch<T>& d) const {
    a = rho * a + rest * (g * g);
    const Batch<T> delta = g * xsimd::sqrt(d + epsilon) / xsimd::sqrt(a + epsilon);
    d = rho * d + rest * (delta * delta);
    p = p - rate * delta;
  }
};

/// RMSprop (Tieleman, Hinton: Lecture 6.5 of Neural Networks for Machine Learning, 2012):
///   v = rho v + (1 - rho) g^2;  s = rate g / sqrt(v + epsilon);  p -= s
/// With momentum, m = momentum m + s and p -= m. Centered, average = rho average + (1 - rho) g, and max(v - average^2,
/// 0) stands under the root (Graves: Generating Sequences with Recurrent Neural Networks, 2013, equations 38 to 45).
///
/// This struct has what the four forms share. They have different slots, and a slot that is missing must not cost a
/// load.
template <class T>
struct RMSpropVectors {
  Batch<T> rate, rho, rest, momentum, epsilon;

  explicit RMSpropVectors(const RMSpropStep& step)
      : rate(all<T>(step.rate)),
        rho(all<T>(step.rho)),
        rest(all<T>(1 - step.rho)),
        momentum(all<T>(step.momentum)),
        epsilon(all<T>(step.epsilon)) {}

  void add_square(const Batch<T>& g, Batch<T>& v) const { v = rho * v + rest * (g * g); }
  /// Not negative: for a large constant gradient v - average^2 is 0 but for rounding, which may exceed epsilon.
  Batch<T> variance(const Batch<T>& g, const Batch<T>& v, Batch<T>& average) const {
    average = rho * average + rest * g;
    return max_or_second(Batch<T>(T(0)), v - average * average);
  }
  Batch<T> step(const Batch<T>& g, const Batch<T>& squares) const { return rate * g / xsimd::sqrt(squares + epsilon); }
};

template <class T>
struct PlainRMSprop : RMSpropVectors<T> {
  using RMSpropVectors<T>::RMSpropVectors;
  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& v) const {
    this->add_square(g, v);
    p = p - this->step(g, v);
  }
};

template <class T>
struct MomentumRMSprop : RMSpropVectors<T> {
  using RMSpropVectors<T>::RMSpropVectors;
  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& v, Batch<T>& m) const {
    this->add_square(g, v);
    m = this->momentum * m + this->step(g, v);
    p = p - m;
  }
};

template <class T>
struct CenteredRMSprop : RMSpropVectors<T> {
  using RMSpropVectors<T>::RMSpropVectors;
  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& v, Batch<T>& average) const {
    this->add_square(g, v);
    p = p - this->step(g, this->variance(g, v, average));
  }
  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& v, Batch<T>& average, Batch<T>& m) const {
    this->add_square(g, v);
    m = this->momentum * m + this->step(g, this->variance(g, v, average));
    p = p - m;
  }
};

/// FTRL-proximal (McMahan et al.: Ad Click Prediction: a View from the Trenches, 2013, algorithm 1, with Keras's
/// shrinkage and beta):
///   a' = a + g^2;  z += g + 2 l2_shrinkage p - (a'^power - a^power) / rate p
///   p = (clip(z, -l1, l1) - z) / (a'^power / rate + 2 l2);  a = a'
/// p is the minimum of the sum of the linear term z p, a proximal term that grows with a'^power, and l1 |p|, which
/// makes it exactly 0 where |z| <= l1. `root`: the power is 1/2, the default, for which a square root is enough.
template <class T, bool root>
struct FtrlVectors {
  Batch<T> per_rate, power, l1, twice_l2, twice_shrinkage;

  Batch<T> to_power(const Batch<T>& a) const {
    if constexpr (root) return xsimd::sqrt(a);
    // xsimd computes a power of 0 by log(0).
    const Batch<T> zero(T(0));
    return xsimd::select(a == zero, xsimd::select(power == zero, Batch<T>(T(1)), zero), xsimd::pow(a, power));
  }
  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& a, Batch<T>& z) const {
    const Batch<T> sum = a + g * g, next = to_power(sum);
    z = z + (g + twice_shrinkage * p - (next - to_power(a)) * per_rate * p);
    p = (min_or_second(max_or_second(z, -l1), l1) - z) / (next * per_rate + twice_l2);
    a = sum;
  }
};

}  // namespace

template <class T>
void adagrad(std::int64_t n, T* p, const T* g, T* a, double rate, double epsilon) {
  fused_update(n, p, g, AdagradVectors<T>{all<T>(rate), all<T>(epsilon)}, a);
}
template void adagrad(std::int64_t, float*, const float*, float*, double, double);
template void adagrad(std::int64_t, double*, const double*, double*, double, double);

template <class T>
void adadelta(std::int64_t n, T* p, const T* g, T* a, T* d, double rate, double rho, double epsilon) {
  fused_update(n, p, g, AdadeltaVectors<T>{all<T>(rate), all<T>(rho), all<T>(1 - rho), all<T>(epsilon)}, a, d);
}
template void adadelta(std::int64_t, float*, const float*, float*, float*, double, double, double);
template void adadelta(std::int64_t, double*, const double*, double*, double*, double, double, double);

template <class T>
void rmsprop(std::int64_t n, T* p, const T* g, T* v, T* m, T* average, const RMSpropStep& step) {
  if (average != nullptr && m != nullptr) {
    fused_update(n, p, g, CenteredRMSprop<T>(step), v, average, m);
  } else if (average != nullptr) {
    fused_update(n, p, g, CenteredRMSprop<T>(step), v, average);
  } else if (m != nullptr) {
    fused_update(n, p, g, MomentumRMSprop<T>(step), v, m);
  } else {
    fused_update(n, p, g, PlainRMSprop<T>(step), v);
  }
}
template void rmsprop(std::int64_t, float*, const float*, float*, float*, float*, const RMSpropStep&);
template void rmsprop(std::int64_t, double*, const double*, double*, double*, double*, const RMSpropStep&);

template <class T>
void ftrl(std::int64_t n, T* p, const T* g, T* a, T* z, const FtrlStep& step) {
  const auto run = [&]<bool root>(std::bool_constant<root>) {
    fused_update(n, p, g,
                 FtrlVectors<T, root>{all<T>(1 / step.rate), all<T>(step.power), all<T>(step.l1), all<T>(2 * step.l2),
                                      all<T>(2 * step.l2_shrinkage)},
                 a, z);
  };
  if (step.power == 0.5) {
    run(std::true_type{});
  } else {
    run(std::false_type{});
  }
}
template void ftrl(std::int64_t, float*, const float*, float*, float*, const FtrlStep&);
template void ftrl(std::int64_t, double*, const double*, double*, double*, const FtrlStep&);

}  // namespace xtape::kernels
