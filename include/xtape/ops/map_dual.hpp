#pragma once

#include <array>

#include "xtape/ops/map_lanes.hpp"
#include "xtape/ops/map_slopes.hpp"

namespace xtape::elementwise {

/// A number and its partial derivatives with respect to n variables; V is a Lanes, or a Dual for higher orders. The
/// derivative rules, at ties as well, are those of the ops of the same name.
///
/// A partial derivative is inactive if the flow of the program shows that it is zero. After inlining this is a
/// constant, so it costs nothing. An inactive derivative is never multiplied: 0 times an infinite derivative would be
/// NaN.
template <class V, int n>
class Dual {
 public:
  using Innermost = typename V::Innermost;
  using Condition = decltype(std::declval<const V&>() < std::declval<const V&>());

  [[gnu::always_inline]] Dual() = default;
  template <PlainNumber N>
  [[gnu::always_inline]] Dual(N number) : value(number) {}
  [[gnu::always_inline]] Dual(const V& v) : value(v) {}
  [[gnu::always_inline]] Dual(const Innermost& v) requires(!std::same_as<V, Innermost>) : value(v) {}
  /// Variable number i.
  template <int i>
  [[gnu::always_inline]] Dual(const V& v, std::integral_constant<int, i>) : value(v) {
    partial[i] = V(1);
    active[i] = true;
  }

  [[gnu::always_inline]] friend Dual operator+(const Dual& a, const Dual& b) {
    Dual y(a.value + b.value);
    unroll<n>([&](auto i) __attribute__((always_inline)) {
      if (a.active[i]) y.add(i, a.partial[i]);
      if (b.active[i]) y.add(i, b.partial[i]);
    });
    return y;
  }
  [[gnu::always_inline]] friend Dual operator-(const Dual& a, const Dual& b) {
    Dual y(a.value - b.value);
    unroll<n>([&](auto i) __attribute__((always_inline)) {
      if (a.active[i]) y.add(i, a.partial[i]);
      if (b.active[i]) y.subtract(i, b.partial[i]);
    });
    return y;
  }
  [[gnu::always_inline]] friend Dual operator*(const Dual& a, const Dual& b) {
    return binary(a.value * b.value, a, b.value, b, a.value);
  }
  [[gnu::always_inline]] friend Dual operator/(const Dual& a, const Dual& b) {
    Dual y(a.value / b.value);
    unroll<n>([&](auto i) __attribute__((always_inline)) {
      if (a.active[i]) y.add(i, a.partial[i] / b.value);
      if (b.active[i]) y.subtract(i, b.partial[i] / b.value * y.value);
    });
    return y;
  }
  [[gnu::always_inline]] friend Dual operator-(const Dual& a) {
    Dual y(-a.value);
    unroll<n>([&](auto i) __attribute__((always_inline)) {
      if (a.active[i]) y.add(i, -a.partial[i]);
    });
    return y;
  }
  [[gnu::always_inline]] friend Dual operator+(const Dual& a) { return a; }

  [[gnu::always_inline]] friend Condition operator<(const Dual& a, const Dual& b) { return a.value < b.value; }
  [[gnu::always_inline]] friend Condition operator<=(const Dual& a, const Dual& b) { return a.value <= b.value; }
  [[gnu::always_inline]] friend Condition operator>(const Dual& a, const Dual& b) { return a.value > b.value; }
  [[gnu::always_inline]] friend Condition operator>=(const Dual& a, const Dual& b) { return a.value >= b.value; }
  [[gnu::always_inline]] friend Condition operator==(const Dual& a, const Dual& b) { return a.value == b.value; }
  [[gnu::always_inline]] friend Condition operator!=(const Dual& a, const Dual& b) { return a.value != b.value; }
  [[gnu::always_inline]] friend Condition isnan(const Dual& a) { return isnan(a.value); }

  [[gnu::always_inline]] friend Dual select(const Condition& condition, const Dual& a, const Dual& b) {
    Dual y(select(condition, a.value, b.value));
    unroll<n>([&](auto i) __attribute__((always_inline)) {
      if (a.active[i] || b.active[i]) y.add(i, select(condition, a.partial[i], b.partial[i]));
    });
    return y;
  }
  [[gnu::always_inline]] friend Dual where(const Condition& condition, const Dual& a, const Dual& b) {
    return select(condition, a, b);
  }
  /// NaN if either is. Where both are equal, the derivative goes to a.
  [[gnu::always_inline]] friend Dual max(const Dual& a, const Dual& b) {
    Dual y(max(a.value, b.value));
    y.choose(a.value >= b.value, a, b);
    return y;
  }
  [[gnu::always_inline]] friend Dual min(const Dual& a, const Dual& b) {
    Dual y(min(a.value, b.value));
    y.choose(a.value <= b.value, a, b);
    return y;
  }
  /// The derivative at 0 is 0.
  [[gnu::always_inline]] friend Dual relu(const Dual& a) {
    Dual y(relu(a.value));
    y.choose(y.value > 0, a, Dual());
    return y;
  }
  [[gnu::always_inline]] friend Dual abs(const Dual& a) { return unary(abs(a.value), a, sign(a.value)); }
  [[gnu::always_inline]] friend Dual sign(const Dual& a) { return Dual(sign(a.value)); }
  [[gnu::always_inline]] friend Dual square(const Dual& a) { return unary(square(a.value), a, a.value + a.value); }
  [[gnu::always_inline]] friend Dual sqrt(const Dual& a) {
    const V y = sqrt(a.value);
    return unary(y, a, slope::sqrt(y));
  }
  [[gnu::always_inline]] friend Dual exp(const Dual& a) {
    const V y = exp(a.value);
    return unary(y, a, y);
  }
  [[gnu::always_inline]] friend Dual expm1(const Dual& a) {
    const V y = expm1(a.value);
    return unary(y, a, y + 1);
  }
  [[gnu::always_inline]] friend Dual log(const Dual& a) { return unary(log(a.value), a, 1 / a.value); }
  [[gnu::always_inline]] friend Dual log1p(const Dual& a) { return unary(log1p(a.value), a, 1 / (1 + a.value)); }
  [[gnu::always_inline]] friend Dual sin(const Dual& a) { return unary(sin(a.value), a, cos(a.value)); }
  [[gnu::always_inline]] friend Dual cos(const Dual& a) { return unary(cos(a.value), a, -sin(a.value)); }
  [[gnu::always_inline]] friend Dual tan(const Dual& a) {
    const V y = tan(a.value);
    return unary(y, a, slope::tan(y));
  }
  [[gnu::always_inline]] friend Dual atan(const Dual& a) { return unary(atan(a.value), a, atan_slope(a.value)); }
  [[gnu::always_inline]] friend Dual sinh(const Dual& a) { return unary(sinh(a.value), a, cosh(a.value)); }
  [[gnu::always_inline]] friend Dual cosh(const Dual& a) { return unary(cosh(a.value), a, sinh(a.value)); }
  [[gnu::always_inline]] friend Dual tanh(const Dual& a) {
    const V y = tanh(a.value);
    return unary(y, a, slope::tanh(y));
  }
  [[gnu::always_inline]] friend Dual sigmoid(const Dual& a) {
    const V y = sigmoid(a.value);
    return unary(y, a, slope::sigmoid(y));
  }
  [[gnu::always_inline]] friend Dual erf(const Dual& a) {
    return unary(erf(a.value), a, 1.1283791670955126 * gaussian(a.value));  // 2 / sqrt(pi)
  }
  /// The derivative for b is a^b log a, and 0 where a <= 0.
  [[gnu::always_inline]] friend Dual pow(const Dual& a, const Dual& b) {
    Dual y(pow(a.value, b.value));
    if (a.any_active()) {  // 0 a^-1 is not 0 at a = 0
      y.chain(a, b.value * pow(select(a.value == 0 && b.value == 0, 1, a.value), b.value - 1));
    }
    if (b.any_active()) {  // 0 log a is 0, even of an infinite a
      const auto counts = a.value > 0 && y.value != 0;
      y.chain(b, select(counts, y.value * log(select(counts, a.value, 1)), 0));
    }
    return y;
  }
  template <PlainNumber N>
  [[gnu::always_inline]] friend Dual pow(const Dual& a, N exponent) {
    Dual y(pow(a.value, exponent));
    if (exponent != 0 && a.any_active()) {
      y.chain(a, static_cast<double>(exponent) * pow(a.value, static_cast<double>(exponent) - 1));
    }
    return y;
  }

  V value;
  std::array<V, n> partial{};
  std::array<bool, n> active{};

 private:
  [[gnu::always_inline]] void add(int i, const V& v) {
    partial[i] = active[i] ? partial[i] + v : v;
    active[i] = true;
  }
  [[gnu::always_inline]] void subtract(int i, const V& v) {
    partial[i] = active[i] ? partial[i] - v : -v;
    active[i] = true;
  }
  [[gnu::always_inline]] bool any_active() const {
    bool any = false;
    unroll<n>([&](auto i) __attribute__((always_inline)) { any = any || active[i]; });
    return any;
  }
  /// Adds the derivatives of x times `slope`, the derivative of the result for x (the chain rule).
  [[gnu::always_inline]] void chain(const Dual& x, const V& slope) {
    unroll<n>([&](auto i) __attribute__((always_inline)) {
      if (x.active[i]) add(i, x.partial[i] * slope);
    });
  }
  [[gnu::always_inline]] void choose(const Condition& first, const Dual& a, const Dual& b) {
    unroll<n>([&](auto i) __attribute__((always_inline)) {
      if (a.active[i] || b.active[i]) add(i, select(first, a.partial[i], b.partial[i]));
    });
  }
  // For who differentiates them again: the derivative of x^2 at infinity, times what is 0 there, would be NaN.

  /// 1 / (1 + x^2)
  [[gnu::always_inline]] static V atan_slope(const V& x) {
    const V near = 1 / (1 + x * x);
    if constexpr (std::same_as<V, Innermost>) return near;
    return select(abs(x) > 1e15, square(1 / x), near);
  }
  /// e^(-x^2)
  [[gnu::always_inline]] static V gaussian(const V& x) {
    if constexpr (std::same_as<V, Innermost>) return exp(-(x * x));
    const V finite = max(min(x, 1e4), -1e4);
    return exp(-(finite * finite));
  }
  [[gnu::always_inline]] static Dual unary(const V& value, const Dual& a, const V& slope) {
    Dual y(value);
    y.chain(a, slope);
    return y;
  }
  [[gnu::always_inline]] static Dual binary(const V& value, const Dual& a, const V& slope_a, const Dual& b,
                                            const V& slope_b) {
    Dual y(value);
    y.chain(a, slope_a);
    y.chain(b, slope_b);
    return y;
  }
};

/// a += b and so on, for all types of numbers.
template <class X>
concept Number = requires {
  typename X::Innermost;
};
template <Number X, std::convertible_to<X> Y>
[[gnu::always_inline]] inline X& operator+=(X& a, const Y& b) {
  return a = a + X(b);
}
template <Number X, std::convertible_to<X> Y>
[[gnu::always_inline]] inline X& operator-=(X& a, const Y& b) {
  return a = a - X(b);
}
template <Number X, std::convertible_to<X> Y>
[[gnu::always_inline]] inline X& operator*=(X& a, const Y& b) {
  return a = a * X(b);
}
template <Number X, std::convertible_to<X> Y>
[[gnu::always_inline]] inline X& operator/=(X& a, const Y& b) {
  return a = a / X(b);
}

}  // namespace xtape::elementwise
