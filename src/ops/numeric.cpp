#include "xtape/ops/numeric.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "core/call_notes.hpp"
#include "kernels/special.hpp"
#include "ops/elementwise.hpp"
#include "ops/fused_gradient.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {
namespace {

using detail::Domain;
using detail::map_binary;
using detail::map_unary;

template <class V>
V infinity_of() {
  return V(std::numeric_limits<typename V::value_type>::infinity());
}

/// x times a number, as one op of this name.
Tensor scaled(const char* op, const Tensor& x, double factor) {
  Tensor y = map_unary<Domain::floating>(op, x, [factor](auto v) {
    using V = decltype(v);
    return v * V(static_cast<typename V::value_type>(factor));
  });
  return record_elementwise(op, {x}, std::move(y),
                            [&] { return [factor](const Tensor& dy) { return Grads{dy * factor}; }; });
}

}  // namespace

Tensor exp2(const Tensor& x) {
  XTAPE_NOTE(exp2, x);
  Tensor y = map_unary<Domain::floating>("exp2", x, [](auto v) { return exp2(v); });
  return record_elementwise("exp2", {x}, y,
                            [&] { return [y](const Tensor& dy) { return Grads{dy * y * std::numbers::ln2}; }; });
}

Tensor log2(const Tensor& x) {
  XTAPE_NOTE(log2, x);
  Tensor y = map_unary<Domain::floating>("log2", x, [](auto v) { return log2(v); });
  return record_elementwise("log2", {x}, std::move(y),
                            [&] { return [x](const Tensor& dy) { return Grads{dy * std::numbers::log2e / x}; }; });
}

Tensor log10(const Tensor& x) {
  XTAPE_NOTE(log10, x);
  Tensor y = map_unary<Domain::floating>("log10", x, [](auto v) { return log10(v); });
  return record_elementwise("log10", {x}, std::move(y),
                            [&] { return [x](const Tensor& dy) { return Grads{dy * std::numbers::log10e / x}; }; });
}

Tensor trunc(const Tensor& x) {
  XTAPE_NOTE(trunc, x);
  return record_no_gradient("trunc", {x}, map_unary<Domain::floating>("trunc", x, [](auto v) { return trunc(v); }));
}

Tensor deg2rad(const Tensor& x) {
  XTAPE_NOTE(deg2rad, x);
  return scaled("deg2rad", x, std::numbers::pi / 180);
}
Tensor rad2deg(const Tensor& x) {
  XTAPE_NOTE(rad2deg, x);
  return scaled("rad2deg", x, 180 / std::numbers::pi);
}

Tensor signbit(const Tensor& x) {
  XTAPE_NOTE(signbit, x);
  return record_no_gradient("signbit", {x}, map_unary<Domain::floating, true>("signbit", x, [](auto v) {
                              using V = decltype(v);
                              return xsimd::copysign(V(1), v) < V(0);
                            }));
}

Tensor copysign(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(copysign, a, b);
  Tensor y = map_binary<Domain::floating>("copysign", a, b, [](auto p, auto q) { return xsimd::copysign(p, q); });
  return record_elementwise("copysign", {a, b}, y, [&] {
    return [a = detail::strong(a, y.dtype()), b = detail::strong(b, y.dtype())](const Tensor& dy, Needs need) {
      return Grads{need[0] ? dy * (sign(a) * copysign(1, b)) : Tensor(), need[1] ? zeros_like(dy) : Tensor()};
    };
  });
}

Tensor heaviside(const Tensor& x, const Tensor& value) {
  XTAPE_NOTE(heaviside, x, value);
  Tensor y = map_binary<Domain::floating>("heaviside", x, value, [](auto p, auto q) {
    using V = decltype(p);
    return select(p < V(0), V(0), select(p > V(0), V(1), select(p == V(0), q, p)));
  });
  return record_elementwise("heaviside", {x, value}, std::move(y), [&] {
    return [x](const Tensor& dy, Needs need) {
      return Grads{need[0] ? zeros_like(dy) : Tensor(), need[1] ? where(x == 0, dy, 0) : Tensor()};
    };
  });
}

namespace {

/// a / size, the derivative of the hypotenuse for a leg, with its limits at infinity; 0 for a size of 0.
Tensor share_of(const Tensor& a, const Tensor& size) {
  const auto fused = [&] {
    return map_binary<Domain::floating>("hypot_grad", a, size, [](auto p, auto n) {
      using V = decltype(p);
      const V at_infinity = select(xsimd::abs(p) == infinity_of<V>(), xsimd::copysign(V(1), p), V(0));
      return select(n == V(0), V(0), select(n == infinity_of<V>(), at_infinity, p / n));
    });
  };
  const auto by_ops = [&] {
    const Tensor infinite = is_inf(size);
    return where(infinite, where(is_inf(a), sign(a), 0),
                 divide_no_nan(where(infinite, 0, a), where(infinite, 1, size)));
  };
  return detail::fused_or_ops({a, size}, fused, by_ops);
}

}  // namespace

Tensor hypot(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(hypot, a, b);
  Tensor y = map_binary<Domain::floating, false, detail::costly>("hypot", a, b, [](auto p, auto q) {
    using V = decltype(p);
    if constexpr (std::is_same_v<typename V::value_type, float>) {
      const auto root = [](const auto& u, const auto& v) {
        const auto infinite = xsimd::abs(u) == infinity_of<kernels::Batch<double>>() ||
                              xsimd::abs(v) == infinity_of<kernels::Batch<double>>();
        return select(infinite, infinity_of<kernels::Batch<double>>(), sqrt(u * u + v * v));
      };
      return kernels::in_double(root, p, q);  // where squares of floats do not overflow
    } else {
      return kernels::by_element([](double u, double v) { return std::hypot(u, v); }, p, q);
    }
  });
  return record_elementwise("hypot", {a, b}, y, [&] {
    return [a = detail::strong(a, y.dtype()), b = detail::strong(b, y.dtype()), y](const Tensor& dy, Needs need) {
      return Grads{need[0] ? dy * share_of(a, y) : Tensor(), need[1] ? dy * share_of(b, y) : Tensor()};
    };
  });
}

Tensor logaddexp(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(logaddexp, a, b);
  Tensor y = map_binary<Domain::floating>("logaddexp", a, b, [](auto p, auto q) {
    using V = decltype(p);
    const V larger = select(p > q, p, q);
    // The difference of equal infinities would be NaN.
    const V apart = select(p == q, V(0), xsimd::abs(p - q));
    return select(kernels::is_nan(p), p, larger + log1p(exp(-apart)));
  });
  return record_elementwise("logaddexp", {a, b}, y, [&] {
    return [a = detail::strong(a, y.dtype()), b = detail::strong(b, y.dtype())](const Tensor& dy, Needs need) {
      const Tensor difference = where(logical_and(a == b, is_inf(a)), 0, a - b);
      return Grads{need[0] ? dy * sigmoid(difference) : Tensor(), need[1] ? dy * sigmoid(-difference) : Tensor()};
    };
  });
}

Tensor nan_to_num(const Tensor& x, const NanToNumOptions& options) {
  XTAPE_NOTE(nan_to_num, x, options);
  constexpr double largest_bfloat16 = 0x1.FEp127;
  const double largest = x.dtype() == float64    ? std::numeric_limits<double>::max()
                         : x.dtype() == bfloat16 ? largest_bfloat16
                                                 : static_cast<double>(std::numeric_limits<float>::max());
  const double nan = options.nan, high = options.posinf.value_or(largest), low = options.neginf.value_or(-largest);
  Tensor y = map_unary<Domain::floating>("nan_to_num", x, [nan, high, low](auto v) {
    using V = decltype(v);
    using T = typename V::value_type;
    const V infinity = infinity_of<V>();
    const V finite = select(v == infinity, V(static_cast<T>(high)), select(v == -infinity, V(static_cast<T>(low)), v));
    return select(kernels::is_nan(v), V(static_cast<T>(nan)), finite);
  });
  return record_elementwise("nan_to_num", {x}, std::move(y),
                            [&] { return [x](const Tensor& dy) { return Grads{where(is_finite(x), dy, 0)}; }; });
}

Tensor count_nonzero(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(count_nonzero, x, axes, keepdims);
  const Tensor counted = x.dtype() == boolean ? x : x != 0;
  return record_no_gradient("count_nonzero", {x}, reduce_sum(cast(counted, int64), axes, keepdims));
}

}  // namespace xtape
