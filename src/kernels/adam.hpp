#pragma once

#include <cstdint>

namespace xtape::kernels {

/// A step of Adam (Kingma and Ba, 2015) in Keras's form, in one pass over n parameters:
///   m += (g - m) (1 - beta_1);  v += (g^2 - v) (1 - beta_2);  p = decay p - alpha m / (sqrt(v) + epsilon)
/// The caller folds the corrections of the bias into alpha = rate sqrt(1 - beta_2^t) / (1 - beta_1^t), and gives the
/// factor of AdamW's weight decay (Loshchilov and Hutter, 2019) as `decay`. 1 - beta is computed in double, as in
/// Keras. The arrays must not overlap. The result does not depend on the number of threads.
void adam(std::int64_t n, float* p, const float* g, float* m, float* v, double alpha, double beta_1, double beta_2,
          double epsilon, double decay = 1);
void adam(std::int64_t n, double* p, const double* g, double* m, double* v, double alpha, double beta_1, double beta_2,
          double epsilon, double decay = 1);

/// A step of AMSGrad (Reddi et al., 2018): that of Adam, but with the largest v so far, v_hat, under the root.
template <class T>
void amsgrad(std::int64_t n, T* p, const T* g, T* m, T* v, T* v_hat, double alpha, double beta_1, double beta_2,
             double epsilon, double decay = 1);

/// A step of RAdam (Liu et al., 2020) while the variance of v is too large to divide by its root:
///   m += (g - m) (1 - beta_1);  v += (g^2 - v) (1 - beta_2);  p = decay p - alpha m
template <class T>
void adam_undivided(std::int64_t n, T* p, const T* g, T* m, T* v, double alpha, double beta_1, double beta_2,
                    double decay);

/// A step of Adamax (Kingma and Ba, 2015, section 7.1), with alpha = rate / (1 - beta_1^t):
///   m += (g - m) (1 - beta_1);  u = max(beta_2 u, |g|);  p -= alpha m / (u + epsilon)
template <class T>
void adamax(std::int64_t n, T* p, const T* g, T* m, T* u, double alpha, double beta_1, double beta_2, double epsilon);

/// The constants of a step of schedule-free AdamW.
struct ScheduleFreeStep {
  double rate, beta_1, beta_2, epsilon;
  double scale_v;  ///< 1 / (1 - beta_2^t)
  double weight;   ///< of z in the average, 1 / t
};

/// A step of schedule-free AdamW (Defazio et al., 2024), of which p is the interpolation of z and the average x:
///   x = (p - (1 - beta_1) z) / beta_1;  v += (g^2 - v) (1 - beta_2);  z -= rate g / (sqrt(v scale_v) + epsilon)
///   x = (1 - weight) x + weight z;  p = (1 - beta_1) z + beta_1 x
template <class T>
void schedule_free(std::int64_t n, T* p, const T* g, T* z, T* v, const ScheduleFreeStep& step);

/// The constants of a step of Nadam.
struct NadamStep {
  double beta_1, beta_2, epsilon;
  double rate_m, rate_g;  ///< the learning rate times the factors of m and g in the estimate of the mean
  double scale_v;         ///< 1 / (1 - beta_2^t)
};

/// A step of Nadam (Dozat, 2016):
///   m += (g - m) (1 - beta_1);  v += (g^2 - v) (1 - beta_2)
///   p -= (rate_m m + rate_g g) / (sqrt(v scale_v) + epsilon)
template <class T>
void nadam(std::int64_t n, T* p, const T* g, T* m, T* v, const NadamStep& step);

}  // namespace xtape::kernels
