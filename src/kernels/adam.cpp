#include "kernels/adam.hpp"

#include "kernels/fused_update.hpp"

// Each step is a functor of vectors that fused_update runs over a variable p, its gradient g and its slots. Moving
// averages are computed as m + (g - m) (1 - beta), as in Keras: one multiplication, and exact where g = m.
namespace xtape::kernels {
namespace {

/// The moving averages of the gradient and of its square, in Adam and Nadam:
///   m += (g - m) (1 - beta_1);  v += (g^2 - v) (1 - beta_2)
/// 1 - beta is computed in double, because 1 - 0.999f has four digits less.
template <class T>
struct Moments {
  Batch<T> rate_1, rate_2;
  Moments(double beta_1, double beta_2) : rate_1(static_cast<T>(1 - beta_1)), rate_2(static_cast<T>(1 - beta_2)) {}

  void operator()(const Batch<T>& g, Batch<T>& m, Batch<T>& v) const {
    m = m + (g - m) * rate_1;
    v = v + (g * g - v) * rate_2;
  }
};

/// Adam (Kingma, Ba: Adam: A Method for Stochastic Optimization, 2015, algorithm 1, with the corrections of the bias
/// folded into alpha, as at the end of its section 2), after the decoupled weight decay of AdamW (Loshchilov, Hutter:
/// Decoupled Weight Decay Regularization, 2019):
///   m += (g - m) (1 - beta_1);  v += (g^2 - v) (1 - beta_2);  p = decay p - alpha m / (sqrt(v) + epsilon)
/// With v_hat, AMSGrad (Reddi, Kale, Kumar: On the Convergence of Adam and Beyond, 2018): v_hat = max(v_hat, v) stands
/// under the root.
template <class T>
struct AdamStep {
  Moments<T> moments;
  Batch<T> alpha, epsilon, decay;

  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& m, Batch<T>& v) const {
    moments(g, m, v);
    p = p * decay - alpha * m / (xsimd::sqrt(v) + epsilon);
  }
  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& m, Batch<T>& v, Batch<T>& v_hat) const {
    moments(g, m, v);
    v_hat = max_or_second(v_hat, v);
    p = p * decay - alpha * m / (xsimd::sqrt(v_hat) + epsilon);
  }
};

template <class T>
AdamStep<T> adam_step(double alpha, double beta_1, double beta_2, double epsilon, double decay) {
  const auto all = [](double value) { return Batch<T>(static_cast<T>(value)); };
  return {{beta_1, beta_2}, all(alpha), all(epsilon), all(decay)};
}

/// RAdam (Liu et al.: On the Variance of the Adaptive Learning Rate and Beyond, 2020, the last case of algorithm 2):
///   m and v as in Adam;  p = decay p - alpha m
template <class T>
struct UndividedStep {
  Moments<T> moments;
  Batch<T> alpha, decay;

  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& m, Batch<T>& v) const {
    moments(g, m, v);
    p = p * decay - alpha * m;
  }
};

/// Schedule-free AdamW (Defazio et al.: The Road Less Scheduled, 2024, algorithm 1), in Keras's form, which keeps x in
/// p, the point y of the paper: x = (y - (1 - beta_1) z) / beta_1.
template <class T>
struct ScheduleFreeVectors {
  Batch<T> rate, rate_2, epsilon, scale_v, beta_1, rest_1, weight, rest_weight;

  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& z, Batch<T>& v) const {
    const Batch<T> before = (p - rest_1 * z) / beta_1;
    v = v + (g * g - v) * rate_2;
    z = z - rate * g / (xsimd::sqrt(v * scale_v) + epsilon);
    p = rest_1 * z + beta_1 * (rest_weight * before + weight * z);
  }
};

/// Adamax (Kingma, Ba, 2015, section 7.1), Adam with the infinity norm of the gradients so far:
///   m += (g - m) (1 - beta_1);  u = max(beta_2 u, |g|);  p -= alpha m / (u + epsilon)
/// max_or_second keeps a NaN of the gradient.
template <class T>
struct AdamaxStep {
  Batch<T> alpha, rate_1, beta_2, epsilon;

  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& m, Batch<T>& u) const {
    m = m + (g - m) * rate_1;
    u = max_or_second(u * beta_2, xsimd::abs(g));
    p = p - alpha * m / (u + epsilon);
  }
};

/// Nadam (Dozat: Incorporating Nesterov Momentum into Adam, 2016), with the momentum schedule in rate_m and rate_g:
///   m and v as in Adam;  p -= (rate_m m + rate_g g) / (sqrt(v scale_v) + epsilon)
template <class T>
struct NadamVectors {
  Moments<T> moments;
  Batch<T> rate_m, rate_g, scale_v, epsilon;

  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& m, Batch<T>& v) const {
    moments(g, m, v);
    p = p - (rate_m * m + rate_g * g) / (xsimd::sqrt(v * scale_v) + epsilon);
  }
};

}  // namespace

void adam(std::int64_t n, float* p, const float* g, float* m, float* v, double alpha, double beta_1, double beta_2,
          double epsilon, double decay) {
  fused_update(n, p, g, adam_step<float>(alpha, beta_1, beta_2, epsilon, decay), m, v);
}

void adam(std::int64_t n, double* p, const double* g, double* m, double* v, double alpha, double beta_1, double beta_2,
          double epsilon, double decay) {
  fused_update(n, p, g, adam_step<double>(alpha, beta_1, beta_2, epsilon, decay), m, v);
}

template <class T>
void amsgrad(std::int64_t n, T* p, const T* g, T* m, T* v, T* v_hat, double alpha, double beta_1, double beta_2,
             double epsilon, double decay) {
  fused_update(n, p, g, adam_step<T>(alpha, beta_1, beta_2, epsilon, decay), m, v, v_hat);
}
template void amsgrad(std::int64_t, float*, const float*, float*, float*, float*, double, double, double, double,
                      double);
template void amsgrad(std::int64_t, double*, const double*, double*, double*, double*, double, double, double, double,
                      double);

template <class T>
void adam_undivided(std::int64_t n, T* p, const T* g, T* m, T* v, double alpha, double beta_1, double beta_2,
                    double decay) {
  const UndividedStep<T> step{{beta_1, beta_2}, Batch<T>(static_cast<T>(alpha)), Batch<T>(static_cast<T>(decay))};
  fused_update(n, p, g, step, m, v);
}
template void adam_undivided(std::int64_t, float*, const float*, float*, float*, double, double, double, double);
template void adam_undivided(std::int64_t, double*, const double*, double*, double*, double, double, double, double);

template <class T>
void schedule_free(std::int64_t n, T* p, const T* g, T* z, T* v, const ScheduleFreeStep& step) {
  const auto all = [](double value) { return Batch<T>(static_cast<T>(value)); };
  const ScheduleFreeVectors<T> vectors{all(step.rate),   all(1 - step.beta_2), all(step.epsilon), all(step.scale_v),
                                       all(step.beta_1), all(1 - step.beta_1), all(step.weight),  all(1 - step.weight)};
  fused_update(n, p, g, vectors, z, v);
}
template void schedule_free(std::int64_t, float*, const float*, float*, float*, const ScheduleFreeStep&);
template void schedule_free(std::int64_t, double*, const double*, double*, double*, const ScheduleFreeStep&);

template <class T>
void adamax(std::int64_t n, T* p, const T* g, T* m, T* u, double alpha, double beta_1, double beta_2, double epsilon) {
  const AdamaxStep<T> step{Batch<T>(static_cast<T>(alpha)), Batch<T>(static_cast<T>(1 - beta_1)),
                           Batch<T>(static_cast<T>(beta_2)), Batch<T>(static_cast<T>(epsilon))};
  fused_update(n, p, g, step, m, u);
}
template void adamax(std::int64_t, float*, const float*, float*, float*, double, double, double, double);
template void adamax(std::int64_t, double*, const double*, double*, double*, double, double, double, double);

template <class T>
void nadam(std::int64_t n, T* p, const T* g, T* m, T* v, const NadamStep& step) {
  const NadamVectors<T> vectors{{step.beta_1, step.beta_2},
                                Batch<T>(static_cast<T>(step.rate_m)),
                                Batch<T>(static_cast<T>(step.rate_g)),
                                Batch<T>(static_cast<T>(step.scale_v)),
                                Batch<T>(static_cast<T>(step.epsilon))};
  fused_update(n, p, g, vectors, m, v);
}
template void nadam(std::int64_t, float*, const float*, float*, float*, const NadamStep&);
template void nadam(std::int64_t, double*, const double*, double*, double*, const NadamStep&);

}  // namespace xtape::kernels
