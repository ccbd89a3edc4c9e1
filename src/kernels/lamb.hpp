#pragma once

#include <cstdint>

namespace xtape::kernels {

/// The constants of a step of LAMB: scale_m = 1 / (1 - beta_1^t), scale_v = 1 / (1 - beta_2^t).
struct LambStep {
  double rate, beta_1, beta_2, epsilon, scale_m, scale_v;
};

/// m += (g - m) (1 - beta_1);  v += (g^2 - v) (1 - beta_2);  u = scale_m m / (sqrt(scale_v v) + epsilon)
/// p -= rate |p| / |u| u, with a factor of 1 where one of the norms is 0
///
/// In two passes that keep no u: the norms, which are sums in double and do not depend on the number of threads, then
/// the step. T is float or double.
template <class T>
void lamb(std::int64_t n, T* p, const T* g, T* m, T* v, const LambStep& step);

}  // namespace xtape::kernels
