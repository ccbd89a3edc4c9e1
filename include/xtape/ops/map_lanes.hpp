#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "xtape/base/compiler.hpp"

// g++ 12 warns of an undefined operand inside its own AVX-512 intrinsics (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <xsimd/xsimd.hpp>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

// The type on which map runs a function: a vector of adjacent elements that behaves like one number. Its width depends
// on the compiler flags of the including translation unit. Its type names the instruction set, so that translation
// units with other flags, such as libxtape's, do not share code with it.
namespace xtape::elementwise {

/// A number that is the same for all elements.
template <class N>
concept PlainNumber = std::is_arithmetic_v<N>;

/// Calls f with the constants 0 to n - 1, unrolled.
template <int n, class F>
[[gnu::always_inline]] inline void unroll(F&& f) {
  if constexpr (n > 1) unroll<n - 1>(f);
  f(std::integral_constant<int, n - 1>{});
}

/// The instruction set for which this translation unit is compiled.
using Instructions = xsimd::default_arch;

template <class T, class Arch = Instructions>
class Lanes;

/// The result of a comparison: true or false for each element.
template <class T, class Arch>
class Mask {
 public:
  using Batch = typename xsimd::batch<T, Arch>::batch_bool_type;
  [[gnu::always_inline]] Mask(const Batch& b) : batch(b) {}
  [[gnu::always_inline]] Mask(bool b) : batch(b) {}

  [[gnu::always_inline]] friend Mask operator&&(const Mask& a, const Mask& b) { return Mask(a.batch & b.batch); }
  [[gnu::always_inline]] friend Mask operator||(const Mask& a, const Mask& b) { return Mask(a.batch | b.batch); }
  [[gnu::always_inline]] friend Mask operator&(const Mask& a, const Mask& b) { return Mask(a.batch & b.batch); }
  [[gnu::always_inline]] friend Mask operator|(const Mask& a, const Mask& b) { return Mask(a.batch | b.batch); }
  [[gnu::always_inline]] friend Mask operator!(const Mask& a) { return Mask(~a.batch); }
  /// condition ? a : b
  [[gnu::always_inline]] friend Lanes<T, Arch> select(const Mask& condition, const Lanes<T, Arch>& a,
                                                      const Lanes<T, Arch>& b) {
    return Lanes<T, Arch>(xsimd::select(condition.batch, a.batch, b.batch));
  }
  [[gnu::always_inline]] friend Lanes<T, Arch> where(const Mask& condition, const Lanes<T, Arch>& a,
                                                     const Lanes<T, Arch>& b) {
    return select(condition, a, b);
  }

  Batch batch;
};

/// Several elements at once, as the function that map() is given takes them.
template <class T, class Arch>
class Lanes {
 public:
  using Batch = xsimd::batch<T, Arch>;
  using Innermost = Lanes;
  using Element = T;
  static constexpr int size = static_cast<int>(Batch::size);

  [[gnu::always_inline]] Lanes() : batch(T(0)) {}
  [[gnu::always_inline]] explicit Lanes(const Batch& b) : batch(b) {}
  template <PlainNumber N>
  [[gnu::always_inline]] Lanes(N number) : batch(static_cast<T>(number)) {}

  [[gnu::always_inline]] friend Lanes operator+(const Lanes& a, const Lanes& b) { return Lanes(a.batch + b.batch); }
  [[gnu::always_inline]] friend Lanes operator-(const Lanes& a, const Lanes& b) { return Lanes(a.batch - b.batch); }
  [[gnu::always_inline]] friend Lanes operator*(const Lanes& a, const Lanes& b) { return Lanes(a.batch * b.batch); }
  [[gnu::always_inline]] friend Lanes operator/(const Lanes& a, const Lanes& b) { return Lanes(a.batch / b.batch); }
  [[gnu::always_inline]] friend Lanes operator-(const Lanes& a) { return Lanes(-a.batch); }
  [[gnu::always_inline]] friend Lanes operator+(const Lanes& a) { return a; }
  [[gnu::always_inline]] friend Mask<T, Arch> operator<(const Lanes& a, const Lanes& b) { return a.batch < b.batch; }
  [[gnu::always_inline]] friend Mask<T, Arch> operator<=(const Lanes& a, const Lanes& b) { return a.batch <= b.batch; }
  [[gnu::always_inline]] friend Mask<T, Arch> operator>(const Lanes& a, const Lanes& b) { return a.batch > b.batch; }
  [[gnu::always_inline]] friend Mask<T, Arch> operator>=(const Lanes& a, const Lanes& b) { return a.batch >= b.batch; }
  [[gnu::always_inline]] friend Mask<T, Arch> operator==(const Lanes& a, const Lanes& b) { return a.batch == b.batch; }
  // xsimd 8's != is false if one side is NaN.
  [[gnu::always_inline]] friend Mask<T, Arch> operator!=(const Lanes& a, const Lanes& b) { return !(a == b); }

  [[gnu::always_inline]] friend Mask<T, Arch> isnan(const Lanes& a) { return xsimd::isnan(a.batch); }
  [[gnu::always_inline]] friend Lanes abs(const Lanes& a) { return Lanes(xsimd::abs(a.batch)); }
  [[gnu::always_inline]] friend Lanes sqrt(const Lanes& a) { return Lanes(xsimd::sqrt(a.batch)); }
  [[gnu::always_inline]] friend Lanes exp(const Lanes& a) { return Lanes(xsimd::exp(a.batch)); }
  [[gnu::always_inline]] friend Lanes expm1(const Lanes& a) { return Lanes(xsimd::expm1(a.batch)); }
  [[gnu::always_inline]] friend Lanes log(const Lanes& a) { return Lanes(xsimd::log(a.batch)); }
  [[gnu::always_inline]] friend Lanes log1p(const Lanes& a) { return Lanes(xsimd::log1p(a.batch)); }
  [[gnu::always_inline]] friend Lanes sin(const Lanes& a) { return Lanes(xsimd::sin(a.batch)); }
  [[gnu::always_inline]] friend Lanes cos(const Lanes& a) { return Lanes(xsimd::cos(a.batch)); }
  [[gnu::always_inline]] friend Lanes tan(const Lanes& a) { return Lanes(xsimd::tan(a.batch)); }
  [[gnu::always_inline]] friend Lanes atan(const Lanes& a) { return Lanes(xsimd::atan(a.batch)); }
  [[gnu::always_inline]] friend Lanes sinh(const Lanes& a) { return Lanes(xsimd::sinh(a.batch)); }
  [[gnu::always_inline]] friend Lanes cosh(const Lanes& a) { return Lanes(xsimd::cosh(a.batch)); }
  [[gnu::always_inline]] friend Lanes tanh(const Lanes& a) { return Lanes(xsimd::tanh(a.batch)); }
  friend Lanes erf(const Lanes& a) {
    if constexpr (std::is_same_v<T, float>) return Lanes(xsimd::erf(a.batch));
    // xsimd 8's erf is wrong by up to 70 units in the last place for double.
    T x[size];
    a.batch.store_unaligned(x);
    for (T& v : x) v = std::erf(v);
    return Lanes(Batch::load_unaligned(x));
  }
  [[gnu::always_inline]] friend Lanes square(const Lanes& a) { return a * a; }
  [[gnu::always_inline]] friend Lanes sign(const Lanes& a) { return select(a > 0, 1, select(a < 0, -1, a)); }
  [[gnu::always_inline]] friend Lanes relu(const Lanes& a) { return select(a < 0, 0, a); }
  [[gnu::always_inline]] friend Lanes max(const Lanes& a, const Lanes& b) { return select(isnan(a) || a > b, a, b); }
  [[gnu::always_inline]] friend Lanes min(const Lanes& a, const Lanes& b) { return select(isnan(a) || a < b, a, b); }
  /// Uses e^-|a|, which cannot overflow.
  [[gnu::always_inline]] friend Lanes sigmoid(const Lanes& a) {
    const Lanes e = exp(-abs(a));
    return select(a < 0, e, 1) / (1 + e);
  }

  /// Uses the standard library, since exp(b log a) on vectors loses accuracy for large results.
  friend Lanes pow(const Lanes& a, const Lanes& b) {
    T base[size], exponent[size];
    a.batch.store_unaligned(base);
    b.batch.store_unaligned(exponent);
    for (int i = 0; i < size; ++i) base[i] = std::pow(base[i], exponent[i]);
    return Lanes(Batch::load_unaligned(base));
  }
  /// Multiplies for a small integer exponent.
  template <PlainNumber N>
  [[gnu::always_inline]] friend Lanes pow(const Lanes& a, N exponent) {
    if (!(exponent >= N(0) && exponent <= N(16) && static_cast<N>(static_cast<int>(exponent)) == exponent)) {
      return pow(a, Lanes(exponent));
    }
    Lanes power = 1, factor = a;
    for (int rest = static_cast<int>(exponent); rest != 0; rest /= 2) {
      if (rest % 2 != 0) power = power * factor;
      factor = factor * factor;
    }
    return power;
  }

  Batch batch;
};

}  // namespace xtape::elementwise
