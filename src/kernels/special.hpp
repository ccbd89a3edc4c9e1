#pragma once

#include "kernels/simd.hpp"

// Functions that xsimd does not have, or not exactly enough.
namespace xtape::kernels {

/// f of the corresponding elements of one or two vectors.
template <class F, class V>
V by_element(const F& f, const V& a) {
  typename V::value_type x[V::size];
  a.store_unaligned(x);
  for (auto& element : x) element = f(element);
  return V::load_unaligned(x);
}
template <class F, class V>
V by_element(const F& f, const V& a, const V& b) {
  typename V::value_type x[V::size], y[V::size];
  a.store_unaligned(x);
  b.store_unaligned(y);
  for (std::size_t i = 0; i < V::size; ++i) x[i] = f(x[i], y[i]);
  return V::load_unaligned(x);
}

/// erfc to the last places: where it is small, xsimd's is off by some 70 units in the last place for float, by more for
/// double. So floats are computed in double, and doubles by the standard library.
inline Batch<double> erfc(const Batch<double>& v) {
  return by_element([](double a) { return std::erfc(a); }, v);
}
inline Batch<float> erfc(const Batch<float>& v) {
  constexpr std::size_t width = Batch<double>::size, all = Batch<float>::size;
  float x[all];
  double wide[all];
  v.store_unaligned(x);
  for (std::size_t i = 0; i < all; ++i) wide[i] = static_cast<double>(x[i]);
  for (std::size_t i = 0; i < all; i += width)
    xsimd::erfc(Batch<double>::load_unaligned(wide + i)).store_unaligned(wide + i);
  for (std::size_t i = 0; i < all; ++i) x[i] = static_cast<float>(wide[i]);
  return Batch<float>::load_unaligned(x);
}

/// log |Gamma(x)|; std::lgamma writes a global sign, this does not.
double lgamma(double x);
float lgamma(float x);

/// The n-th derivative of digamma: for n = 0 digamma itself, by recurrence upwards, reflection below 0 and the
/// asymptotic series (Abramowitz and Stegun 6.3); for n > 0 (-1)^(n+1) n! zeta(n + 1, x) by Euler and Maclaurin's
/// formula (23.2).
double polygamma(int n, double x);

}  // namespace xtape::kernels
