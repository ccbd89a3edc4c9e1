#pragma once

#include <cstdint>

namespace xtape::kernels {

/// The constants of a step of LAMB: scale_m = 1 / (1 - beta_1^t), scale_v = 1 / (1 - beta_2^t).
struct LambStep {
  double rate, beta_1, beta_2, epsilon, scale_m, scale_v;
};

/// A step of LAMB (You et al., 2020):
///   m += (g - m) (1 - beta_1);  v += (g^2 - v) (1 - beta_2);  u = scale_m m / (sqrt(scale_v v) + epsilon)
///   p -= rate |p| / |u| u, where |p| / |u| is 1 if one of the norms is 0
///
/// In two passes, neither of which keeps u: first the norms, sums in double that do not depend on the number of
/// threads, then the step. T is float or double.
template <class T>
void lamb(std::int64_t n, T* p, const T* g, T* m, T* v, const LambStep& step);

}  // namespace xtape::kernels
