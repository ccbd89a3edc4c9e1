#include "xtape/ops/elementary.hpp"

#include <limits>
#include <numbers>

#include "core/call_notes.hpp"
#include "kernels/special.hpp"
#include "ops/elementwise.hpp"
#include "ops/fused_gradient.hpp"
#include "xtape/ops/map_slopes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {
namespace {

using detail::Domain;

template <std::int64_t grain = kernels::elementwise_grain, class F>
Tensor apply(const char* op, const Tensor& x, const F& f) {
  return detail::map_unary<Domain::floating, false, grain>(op, x, f);
}

/// x clipped to [-limit, limit], outside of which the derivative rounds to 0. Only for second derivatives: that of x^2
/// at infinity times 0 would be NaN.
Tensor finite(const Tensor& x, double limit) { return is_tracked({x}) ? clip_by_value(x, -limit, limit) : x; }

/// e^(-x^2)
Tensor gaussian(const Tensor& x) { return exp(-square(finite(x, 1e4))); }

/// dy / sqrt(1 + x^2) without overflow of the square: from 10^15 on the factor is 1 / |x|.
Tensor asinh_grad(const Tensor& dy, const Tensor& x) {
  const auto fused = [&] {
    return detail::map_binary<Domain::floating>("asinh_grad", dy, x, [](auto g, auto v) {
      using V = decltype(v);
      const V size = xsimd::abs(v);
      return g / select(size > V(1e15f), size, sqrt(V(1) + v * v));
    });
  };
  const auto by_ops = [&] {
    constexpr double large = 1e15;
    const Tensor size = abs(x), clipped = clip_by_value(x, -large, large);
    return dy * where(size > large, reciprocal(maximum(size, large)), rsqrt(1 + square(clipped)));
  };
  return detail::fused_or_ops({dy, x}, fused, by_ops);
}

}  // namespace

Tensor reciprocal(const Tensor& x) {
  XTAPE_NOTE(reciprocal, x);
  Tensor y = apply("reciprocal", x, [](auto v) { return decltype(v)(1) / v; });
  return record_elementwise("reciprocal", {x}, y,
                            [&] { return [y](const Tensor& dy) { return Grads{-(dy * square(y))}; }; });
}

Tensor rsqrt(const Tensor& x) {
  XTAPE_NOTE(rsqrt, x);
  Tensor y = apply("rsqrt", x, [](auto v) { return decltype(v)(1) / sqrt(v); });
  return record_elementwise("rsqrt", {x}, y,
                            [&] { return [y](const Tensor& dy) { return Grads{dy * -0.5 * (y * square(y))}; }; });
}

Tensor expm1(const Tensor& x) {
  XTAPE_NOTE(expm1, x);
  Tensor y = apply("expm1", x, [](auto v) { return expm1(v); });
  return record_elementwise("expm1", {x}, y, [&] { return [x](const Tensor& dy) { return Grads{dy * exp(x)}; }; });
}

Tensor log1p(const Tensor& x) {
  XTAPE_NOTE(log1p, x);
  Tensor y = apply("log1p", x, [](auto v) { return log1p(v); });
  return record_elementwise("log1p", {x}, y, [&] { return [x](const Tensor& dy) { return Grads{dy / (1 + x)}; }; });
}

Tensor sin(const Tensor& x) {
  XTAPE_NOTE(sin, x);
  Tensor y = apply("sin", x, [](auto v) { return sin(v); });
  return record_elementwise("sin", {x}, y, [&] { return [x](const Tensor& dy) { return Grads{dy * cos(x)}; }; });
}

Tensor cos(const Tensor& x) {
  XTAPE_NOTE(cos, x);
  Tensor y = apply("cos", x, [](auto v) { return cos(v); });
  return record_elementwise("cos", {x}, y, [&] { return [x](const Tensor& dy) { return Grads{-(dy * sin(x))}; }; });
}

Tensor tan(const Tensor& x) {
  XTAPE_NOTE(tan, x);
  Tensor y = apply("tan", x, [](auto v) { return tan(v); });
  return record_elementwise("tan", {x}, y,
                            [&] { return [y](const Tensor& dy) { return Grads{dy * elementwise::slope::tan(y)}; }; });
}

Tensor asin(const Tensor& x) {
  XTAPE_NOTE(asin, x);
  Tensor y = apply("asin", x, [](auto v) { return asin(v); });
  return record_elementwise("asin", {x}, y,
                            [&] { return [x](const Tensor& dy) { return Grads{dy * rsqrt((1 - x) * (1 + x))}; }; });
}

Tensor acos(const Tensor& x) {
  XTAPE_NOTE(acos, x);
  Tensor y = apply("acos", x, [](auto v) { return acos(v); });
  return record_elementwise("acos", {x}, y,
                            [&] { return [x](const Tensor& dy) { return Grads{-(dy * rsqrt((1 - x) * (1 + x)))}; }; });
}

Tensor atan(const Tensor& x) {
  XTAPE_NOTE(atan, x);
  Tensor y = apply("atan", x, [](auto v) { return atan(v); });
  return record_elementwise(
      "atan", {x}, y, [&] { return [x](const Tensor& dy) { return Grads{dy / (1 + square(finite(x, 1e15)))}; }; });
}

Tensor sinh(const Tensor& x) {
  XTAPE_NOTE(sinh, x);
  Tensor y = apply("sinh", x, [](auto v) { return sinh(v); });
  return record_elementwise("sinh", {x}, y, [&] { return [x](const Tensor& dy) { return Grads{dy * cosh(x)}; }; });
}

Tensor cosh(const Tensor& x) {
  XTAPE_NOTE(cosh, x);
  Tensor y = apply("cosh", x, [](auto v) { return cosh(v); });
  return record_elementwise("cosh", {x}, y, [&] { return [x](const Tensor& dy) { return Grads{dy * sinh(x)}; }; });
}

Tensor asinh(const Tensor& x) {
  XTAPE_NOTE(asinh, x);
  Tensor y = apply("asinh", x, [](auto v) { return asinh(v); });
  return record_elementwise("asinh", {x}, y,
                            [&] { return [x](const Tensor& dy) { return Grads{asinh_grad(dy, x)}; }; });
}

Tensor acosh(const Tensor& x) {
  XTAPE_NOTE(acosh, x);
  // xsimd's acosh returns numbers for x < 1, where it must be NaN.
  Tensor y = apply("acosh", x, [](auto v) {
    using V = decltype(v);
    return select(v < V(1), V(std::numeric_limits<typename V::value_type>::quiet_NaN()), acosh(v));
  });
  return record_elementwise("acosh", {x}, y,
                            [&] { return [x](const Tensor& dy) { return Grads{dy * rsqrt(x - 1) * rsqrt(x + 1)}; }; });
}

Tensor atanh(const Tensor& x) {
  XTAPE_NOTE(atanh, x);
  Tensor y = apply("atanh", x, [](auto v) { return atanh(v); });
  return record_elementwise("atanh", {x}, y,
                            [&] { return [x](const Tensor& dy) { return Grads{dy / ((1 - x) * (1 + x))}; }; });
}

Tensor erf(const Tensor& x) {
  XTAPE_NOTE(erf, x);
  // xsimd's erf is wrong by up to 70 units in the last place for double.
  Tensor y = apply("erf", x, [](auto v) {
    if constexpr (std::is_same_v<typename decltype(v)::value_type, float>) {
      return erf(v);
    } else {
      return kernels::by_element([](auto a) { return std::erf(a); }, v);
    }
  });
  return record_elementwise("erf", {x}, y, [&] {
    return [x](const Tensor& dy) { return Grads{dy * (2 * std::numbers::inv_sqrtpi) * gaussian(x)}; };
  });
}

Tensor erfc(const Tensor& x) {
  XTAPE_NOTE(erfc, x);
  Tensor y = apply("erfc", x, [](auto v) { return kernels::erfc(v); });
  return record_elementwise("erfc", {x}, y, [&] {
    return [x](const Tensor& dy) { return Grads{dy * (-2 * std::numbers::inv_sqrtpi) * gaussian(x)}; };
  });
}

Tensor lgamma(const Tensor& x) {
  XTAPE_NOTE(lgamma, x);
  Tensor y = apply<detail::costly>(
      "lgamma", x, [](auto v) { return kernels::by_element([](auto a) { return kernels::lgamma(a); }, v); });
  return record_elementwise("lgamma", {x}, y, [&] { return [x](const Tensor& dy) { return Grads{dy * digamma(x)}; }; });
}

Tensor digamma(const Tensor& x) {
  XTAPE_NOTE(digamma, x);
  return polygamma(0, x);
}

Tensor polygamma(int n, const Tensor& x) {
  XTAPE_NOTE(polygamma, n, x);
  if (n < 0) detail::fail<ValueError>("polygamma", "expected an order of at least 0, received {}", n);
  const char* op = n == 0 ? "digamma" : "polygamma";
  Tensor y = apply<detail::costly>(op, x, [n](auto v) {
    return kernels::by_element([n](auto a) { return static_cast<decltype(a)>(kernels::polygamma(n, a)); }, v);
  });
  return record_elementwise(op, {x}, y, [&] {
    return
        [x, n](const Tensor& dy) { return Grads{dy * polygamma(n == std::numeric_limits<int>::max() ? n : n + 1, x)}; };
  });
}

Tensor floor(const Tensor& x) {
  XTAPE_NOTE(floor, x);
  return record_no_gradient("floor", {x}, apply("floor", x, [](auto v) { return floor(v); }));
}
Tensor ceil(const Tensor& x) {
  XTAPE_NOTE(ceil, x);
  return record_no_gradient("ceil", {x}, apply("ceil", x, [](auto v) { return ceil(v); }));
}
Tensor round(const Tensor& x) {
  XTAPE_NOTE(round, x);
  return record_no_gradient("round", {x}, apply("round", x, [](auto v) { return nearbyint(v); }));
}

namespace {

/// Applies a predicate to each element of a floating tensor.
template <class F>
Tensor classify(const char* op, const Tensor& x, const F& f) {
  return record_no_gradient(op, {x}, detail::map_unary<Domain::floating, true>(op, x, f));
}

}  // namespace

Tensor is_nan(const Tensor& x) {
  XTAPE_NOTE(is_nan, x);
  return classify("is_nan", x, [](auto v) { return kernels::is_nan(v); });
}
Tensor is_inf(const Tensor& x) {
  XTAPE_NOTE(is_inf, x);
  return classify("is_inf", x, [](auto v) {
    return xsimd::abs(v) == decltype(v)(std::numeric_limits<typename decltype(v)::value_type>::infinity());
  });
}
Tensor is_finite(const Tensor& x) {
  XTAPE_NOTE(is_finite, x);
  // Comparisons with NaN are false.
  return classify("is_finite", x, [](auto v) {
    return xsimd::abs(v) < decltype(v)(std::numeric_limits<typename decltype(v)::value_type>::infinity());
  });
}

}  // namespace xtape
