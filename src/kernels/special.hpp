#pragma once

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

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

/// f of floats, computed in double and rounded once.
template <class F, class... V>
Batch<float> in_double(const F& f, const Batch<float>& first, const V&... more) {
  constexpr std::size_t width = Batch<double>::size, all = Batch<float>::size, count = 1 + sizeof...(V);
  float x[all];
  double wide[count][all];
  std::size_t k = 0;
  const auto widen = [&](const Batch<float>& v) {
    v.store_unaligned(x);
    for (std::size_t i = 0; i < all; ++i) wide[k][i] = static_cast<double>(x[i]);
    ++k;
  };
  widen(first);
  (widen(more), ...);
  for (std::size_t i = 0; i < all; i += width) {
    [&]<std::size_t... n>(std::index_sequence<n...>) {
      f(Batch<double>::load_unaligned(wide[n] + i)...).store_unaligned(wide[0] + i);
    }
    (std::make_index_sequence<count>());
  }
  for (std::size_t i = 0; i < all; ++i) x[i] = static_cast<float>(wide[0][i]);
  return Batch<float>::load_unaligned(x);
}

/// erfc to the last places: where it is small, xsimd's is off by some 70 units in the last place for float, by more for
/// double. So floats are computed in double, and doubles by the standard library.
inline Batch<double> erfc(const Batch<double>& v) {
  return by_element([](double a) { return std::erfc(a); }, v);
}
inline Batch<float> erfc(const Batch<float>& v) {
  return in_double([](const Batch<double>& a) { return xsimd::erfc(a); }, v);
}

/// Whether numbers have their sign bit set: also -0.
inline xsimd::batch_bool<double> is_negative(const Batch<double>& v) {
  return xsimd::copysign(Batch<double>(1), v) < Batch<double>(0);
}

/// The angle of the point (x, y), within 3 units in the last place, with the values of std::atan2 for zeros, infinities
/// and NaN.
inline Batch<double> atan2(const Batch<double>& y, const Batch<double>& x) {
  using V = Batch<double>;
  constexpr double pi = std::numbers::pi, rest_of_pi = 1.2246467991473532e-16;  // pi = their sum
  const V a = xsimd::abs(x), b = xsimd::abs(y);
  const V large = select(b > a, b, a), small = select(b > a, a, b);
  const V ratio = select(small == large, select(large == V(0), V(0), V(1)), small / large);
  V angle = xsimd::atan(ratio);
  angle = select(b > a, V(pi / 2) - (angle - V(rest_of_pi / 2)), angle);
  angle = select(is_negative(x), V(pi) - (angle - V(rest_of_pi)), angle);
  return select(is_nan(x) || is_nan(y), x + y, xsimd::copysign(angle, y));
}
inline Batch<float> atan2(const Batch<float>& y, const Batch<float>& x) {
  return in_double([](const Batch<double>& b, const Batch<double>& a) { return atan2(b, a); }, y, x);
}

/// x^y of floats that were made doubles: exp(y log |x|), which is exact to 2e-14, with the values of std::pow for
/// negative numbers, zeros, infinities and NaN.
inline Batch<double> pow_of_floats(const Batch<double>& x, const Batch<double>& y) {
  using V = Batch<double>;
  const V zero(0), one(1), infinity(std::numeric_limits<double>::infinity()), size = xsimd::abs(x);
  const auto whole = xsimd::floor(y) == y, even = xsimd::floor(y * V(0.5)) * V(2) == y;
  V power = xsimd::exp(y * xsimd::log(size));
  power = select(whole && !even, xsimd::copysign(power, x), power);
  power = select(x < zero && size != infinity && !whole, V(std::numeric_limits<double>::quiet_NaN()), power);
  const auto is_one = y == zero || x == one || (size == one && xsimd::abs(y) == infinity);
  return select(is_one, one, select(is_nan(x) || is_nan(y), x + y, power));
}
/// x^y, correctly rounded but for one result in some millions. Doubles by the standard library, since exp(y log x)
/// loses accuracy for large results.
inline Batch<float> pow(const Batch<float>& x, const Batch<float>& y) {
  return in_double([](const Batch<double>& a, const Batch<double>& b) { return pow_of_floats(a, b); }, x, y);
}
inline Batch<double> pow(const Batch<double>& x, const Batch<double>& y) {
  return by_element([](double a, double b) { return std::pow(a, b); }, x, y);
}

/// c - a b, rounded once; only where has_fused is true. xsimd's fnma may round the product.
#if defined(__AVX512F__)
inline constexpr bool has_fused = sizeof(Batch<double>) == 64;
inline Batch<double> fused(const Batch<double>& a, const Batch<double>& b, const Batch<double>& c) {
  return _mm512_fnmadd_pd(a, b, c);
}
#elif defined(__AVX2__) && defined(__FMA__)
inline constexpr bool has_fused = sizeof(Batch<double>) == 32;
inline Batch<double> fused(const Batch<double>& a, const Batch<double>& b, const Batch<double>& c) {
  return _mm256_fnmadd_pd(a, b, c);
}
#else
inline constexpr bool has_fused = false;
inline Batch<double> fused(const Batch<double>& a, const Batch<double>& b, const Batch<double>& c) { return c - a * b; }
#endif

/// a - b trunc(a / b) with the sign of a, exact, as std::fmod; `of_floats`: both were floats. False if a quotient is
/// too large for that, or a number not finite.
template <bool of_floats>
bool remainder(const Batch<double>& a, const Batch<double>& b, Batch<double>& rest) {
  using V = Batch<double>;
  if (!has_fused && !of_floats) return false;
  // Without a fused instruction, the product of a whole number of 28 bits and a float is exact.
  constexpr double largest = has_fused ? 0x1p52 : 0x1p28;
  const V quotient = a / b, size = xsimd::abs(b);
  if (!xsimd::all(xsimd::abs(quotient) < V(largest) && size < V(std::numeric_limits<double>::infinity()))) return false;
  rest = fused(xsimd::trunc(quotient), b, a);
  // The quotient may have been rounded up to a whole number.
  const auto beyond = (a < V(0) && rest > V(0)) || (a > V(0) && rest < V(0));
  rest = select(beyond, rest + xsimd::copysign(size, a), rest);
  rest = xsimd::copysign(rest, a);
  return true;
}

/// log |Gamma(x)|; std::lgamma writes a global sign, this does not.
double lgamma(double x);
float lgamma(float x);

/// The n-th derivative of digamma: for n = 0 digamma itself, by recurrence upwards, reflection below 0 and the
/// asymptotic series (Abramowitz and Stegun 6.3); for n > 0 (-1)^(n+1) n! zeta(n + 1, x) by Euler and Maclaurin's
/// formula (23.2).
double polygamma(int n, double x);

}  // namespace xtape::kernels
