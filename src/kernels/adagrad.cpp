#include "kernels/adagrad.hpp"

#include "kernels/fused_update.hpp"

// Each step is a functor of vectors that fused_update runs over a variable, its gradient and its slots. The formulas
// are Keras's; where a step divides by a root, epsilon stands under it. `rest` is 1 - rho, taken in double: in float32,
// 1 - 0.999f has four digits less.
namespace xtape::kernels {
namespace {

template <class T>
Batch<T> all(double value) {
  return Batch<T>(static_cast<T>(value));
}

/// Adagrad (Duchi, Hazan, Singer, 2011): a += g^2;  p -= rate g / sqrt(a + epsilon).
template <class T>
struct AdagradVectors {
  Batch<T> rate, epsilon;

  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& a) const {
    a = a + g * g;
    p = p - rate * g / xsimd::sqrt(a + epsilon);
  }
};

/// Adadelta (Zeiler, 2012): the step is the gradient times the ratio of two running root mean squares, that of the
/// steps so far and that of the gradients, so that it has the variable's unit. `delta` is minus Zeiler's.
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

/// RMSprop (Tieleman, Hinton, 2012), in parts: its four forms differ in the slots that they have, and a slot that is
/// not there must not cost a load.
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
  /// v - mean^2 cancels: what rounding leaves of a large constant gradient may be negative beyond epsilon.
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

/// FTRL-proximal (McMahan et al., 2013, algorithm 1, with Keras's shrinkage and beta): the variable is the minimum of
/// the linear term z, a proximal term that grows with a'^power, and |p| l1, which makes it exactly 0 where |z| <= l1.
/// `root`: the default power of 1/2, for which a square root is enough.
template <class T, bool root>
struct FtrlVectors {
  Batch<T> per_rate, power, l1, twice_l2, twice_shrinkage;

  Batch<T> to_power(const Batch<T>& a) const {
    if constexpr (root) return xsimd::sqrt(a);
    // xsimd's power of 0 goes through log(0).
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
