#pragma once

#include "kernels/simd.hpp"

namespace xtape::kernels {

/// Horner's rule, the highest power first.
template <class T, std::size_t n>
Batch<T> polynomial(const T (&coefficients)[n], const Batch<T>& x) {
  Batch<T> sum(coefficients[0]);
  for (std::size_t i = 1; i < n; ++i) sum = xsimd::fma(sum, x, Batch<T>(coefficients[i]));
  return sum;
}

/// The z > 0 such that a normally distributed number lies below -z with probability p = 0.5 - q, for p from 2^-33
/// (float) or 2^-54 (double) on: Wichura's algorithm AS 241 (Applied Statistics 37, 1988), good to a few units in the
/// last place.
template <class T>
Batch<T> normal_quantile(const Batch<T>& p, const Batch<T>& q) {
  using V = Batch<T>;
  const V near_median = V(T(0.180625)) - q * q;
  const V root = sqrt(-log(p));
  if constexpr (std::is_same_v<T, float>) {
    constexpr float a[] = {59.10937472f, 159.29113202f, 50.434271938f, 3.3871327179f};
    constexpr float b[] = {67.1875636f, 78.757757664f, 17.895169469f, 1.0f};
    constexpr float c[] = {0.17023821103f, 1.3067284816f, 2.75681539f, 1.4234372777f};
    constexpr float d[] = {0.12021132975f, 0.7370016425f, 1.0f};
    const V far = root - V(1.6f);
    const auto central = q <= V(0.425f);
    const V above = select(central, q * polynomial(a, near_median), polynomial(c, far));
    const V below = select(central, polynomial(b, near_median), polynomial(d, far));
    return above / below;
  } else {
    constexpr double a[] = {2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4,
                            4.5921953931549871457e+4, 1.3731693765509461125e+4, 1.9715909503065514427e+3,
                            1.3314166789178437745e+2, 3.3871328727963666080e+0};
    constexpr double b[] = {
        5.2264952788528545610e+3, 2.8729085735721942674e+4, 3.9307895800092710610e+4, 2.1213794301586595867e+4,
        5.3941960214247511077e+3, 6.8718700749205790830e+2, 4.2313330701600911252e+1, 1.0};
    constexpr double c[] = {7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
                            1.27045825245236838258e+0, 3.64784832476320460504e+0, 5.76949722146069140550e+0,
                            4.63033784615654529590e+0, 1.42343711074968357734e+0};
    constexpr double d[] = {
        1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
        6.89767334985100004550e-1, 1.67638483018380384940e+0, 2.05319162663775882187e+0, 1.0};
    constexpr double e[] = {2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
                            2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e+0,
                            5.46378491116411436990e+0, 6.65790464350110377720e+0};
    constexpr double f[] = {
        2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
        1.48753612908506148525e-2,  1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0};
    const V far = root - V(1.6), farther = root - V(5.0);
    const auto central = q <= V(0.425), tail = root > V(5.0);
    const V above =
        select(central, q * polynomial(a, near_median), select(tail, polynomial(e, farther), polynomial(c, far)));
    const V below =
        select(central, polynomial(b, near_median), select(tail, polynomial(f, farther), polynomial(d, far)));
    return above / below;
  }
}

}  // namespace xtape::kernels
