#pragma once

#include <cstdint>

namespace xtape::kernels {

/// One step of Adam (Kingma and Ba, 2015) in Keras's form, in one pass over n parameters:
///   m += (g - m) (1 - beta_1);  v += (g^2 - v) (1 - beta_2);  p -= alpha m / (sqrt(v) + epsilon)
/// where the caller folds the corrections of the bias into alpha = lr sqrt(1 - beta_2^t) / (1 - beta_1^t). 1 - beta is
/// computed in double, as in Keras: in float32, 1 - 0.999f has four digits less. The result does not depend on the
/// number of threads. p, m and v are changed; none of the four arrays may overlap. Weight decay comes first: p = decay
/// p.
void adam(std::int64_t n, float* p, const float* g, float* m, float* v, double alpha, double beta_1, double beta_2,
          double epsilon, double decay = 1);
void adam(std::int64_t n, double* p, const double* g, double* m, double* v, double alpha, double beta_1, double beta_2,
          double epsilon, double decay = 1);

/// The same with the root of the largest v so far, kept in v_hat (Reddi et al., 2018).
template <class T>
void amsgrad(std::int64_t n, T* p, const T* g, T* m, T* v, T* v_hat, double alpha, double beta_1, double beta_2,
             double epsilon, double decay = 1);

/// m += (g - m) (1 - beta_1);  u = max(beta_2 u, |g|);  p -= alpha m / (u + epsilon)
template <class T>
void adamax(std::int64_t n, T* p, const T* g, T* m, T* u, double alpha, double beta_1, double beta_2, double epsilon);

/// The constants of a step of Nadam.
struct NadamStep {
  double beta_1, beta_2, epsilon;
  double rate_m, rate_g;  ///< the learning rate times the factors of m and g in the estimate of the mean
  double scale_v;         ///< 1 / (1 - beta_2^t)
};

/// m and v as adam's;  p -= (rate_m m + rate_g g) / (sqrt(v scale_v) + epsilon)
template <class T>
void nadam(std::int64_t n, T* p, const T* g, T* m, T* v, const NadamStep& step);

}  // namespace xtape::kernels
