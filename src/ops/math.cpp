#include "xtape/ops/math.hpp"

#include <limits>

#include "core/call_notes.hpp"
#include "kernels/special.hpp"
#include "ops/elementwise.hpp"
#include "tape/accumulate.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/map_slopes.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {

using detail::Domain;
using detail::map_binary;
using detail::map_unary;

Tensor add(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(add, a, b);
  Tensor y = map_binary<Domain::numbers>("add", a, b, [](auto p, auto q) { return kernels::plus(p, q); });
  return record_elementwise("add", {a, b}, std::move(y), [](const Tensor& dy) { return Grads{dy, dy}; });
}

Tensor subtract(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(subtract, a, b);
  Tensor y = map_binary<Domain::numbers>("subtract", a, b, [](auto p, auto q) { return kernels::minus(p, q); });
  return record_elementwise("subtract", {a, b}, std::move(y), [](const Tensor& dy, Needs need) {
    return Grads{dy, need[1] ? -dy : Tensor()};
  });
}

Tensor multiply(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(multiply, a, b);
  Tensor y = map_binary<Domain::numbers>("multiply", a, b, [](auto p, auto q) { return kernels::times(p, q); });
  return record_elementwise("multiply", {a, b}, std::move(y), [&](Tracked tracked) {
    return [a = tracked.if_for(1, a), b = tracked.if_for(0, b)](const Tensor& dy, Needs need) {
      return Grads{need[0] ? dy * b : Tensor(), need[1] ? dy * a : Tensor()};
    };
  });
}

Tensor divide(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(divide, a, b);
  Tensor y = map_binary<Domain::floating>("divide", a, b, [](auto p, auto q) { return p / q; });
  return record_elementwise("divide", {a, b}, std::move(y), [&](Tracked tracked) {
    return [b, y = tracked.if_for(1, y)](const Tensor& dy, Needs need) {
      const Tensor da = dy / b;
      return Grads{da, need[1] ? -(da * y) : Tensor()};
    };
  });
}

namespace {

/// x^n for the exponents for which there is a short way, as in NumPy; otherwise empty. Within one unit in the last
/// place, with the values of std::pow for zeros and infinities.
Tensor short_power(const Tensor& x, double n) {
  constexpr const char* op = "pow";
  if (n == 1) return map_unary<Domain::floating>(op, x, [](auto v) { return v; });
  if (n == 2) return map_unary<Domain::floating>(op, x, [](auto v) { return v * v; });
  if (n == 3) return map_unary<Domain::floating>(op, x, [](auto v) { return v * v * v; });
  if (n == -1) {
    return map_unary<Domain::floating>(op, x, [](auto v) {
      using V = decltype(v);
      return V(1) / v;
    });
  }
  // pow(-0, 0.5) is 0 and pow(-inf, 0.5) infinite, unlike their square roots.
  const auto root = [](auto v) {
    using V = decltype(v);
    const V infinity(std::numeric_limits<typename V::value_type>::infinity());
    return select(v == -infinity, infinity, sqrt(v + V(0)));
  };
  if (n == 0.5) return map_unary<Domain::floating>(op, x, root);
  if (n == -0.5) {
    return map_unary<Domain::floating>(op, x, [root](auto v) {
      using V = decltype(v);
      return V(1) / root(v);
    });
  }
  return {};
}

}  // namespace

Tensor pow(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(pow, a, b);
  const bool is_number = a.defined() && b.defined() && b.impl()->weak && !a.impl()->weak && is_floating(a.dtype());
  Tensor y = is_number ? short_power(a, detail::weak_value(b)) : Tensor();
  if (!y.defined()) {
    y = map_binary<Domain::floating, false, detail::costly>("pow", a, b,
                                                            [](auto p, auto q) { return kernels::pow(p, q); });
  }
  if (!is_tracked({a, b})) return y;
  if (b.impl()->weak &&
      !is_tracked({b})) {  // n a^(n-1); for n = 0 the derivative is 0, also at a = 0, where 0 a^-1 is NaN
    return record_elementwise("pow", {a, b}, y, [&] {
      return [a = detail::strong(a, y.dtype()), n = detail::weak_value(b)](const Tensor& dy, Needs) {
        if (n == 0) return Grads{zeros_like(dy), Tensor()};
        return Grads{n == 1 ? dy : dy * (n * (n == 2 ? a : pow(a, n - 1))), Tensor()};
      };
    });
  }
  // Plain numbers become tensors of y's dtype, since b - 1 would no longer adapt to it.
  return record_elementwise("pow", {a, b}, y, [&] {
    return [a = detail::strong(a, y.dtype()), b = detail::strong(b, y.dtype()), y](const Tensor& dy, Needs need) {
      Tensor da, db;
      if (need[0]) {  // at a = b = 0, where 0 a^-1 is NaN
        const Tensor none = logical_and(a == 0, b == 0);
        da = dy * (b * pow(where(none, 1, a), b - 1));
      }
      if (need[1]) {
        const Tensor positive = logical_and(a > 0, y != 0);  // 0 log a is 0, even for infinite a
        db = dy * where(positive, y * log(where(positive, a, 1)), 0);
      }
      return Grads{da, db};
    };
  });
}

Tensor maximum(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(maximum, a, b);
  Tensor y = map_binary<Domain::numbers>("maximum", a, b, [](auto p, auto q) {
    using kernels::is_nan, kernels::select;
    return select(is_nan(p) || p > q, p, q);
  });
  return record_elementwise("maximum", {a, b}, std::move(y), [&] {
    return [a, b](const Tensor& dy, Needs need) {
      const Tensor first = a >= b;
      return Grads{need[0] ? where(first, dy, 0) : Tensor(), need[1] ? where(first, 0, dy) : Tensor()};
    };
  });
}

Tensor minimum(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(minimum, a, b);
  Tensor y = map_binary<Domain::numbers>("minimum", a, b, [](auto p, auto q) {
    using kernels::is_nan, kernels::select;
    return select(is_nan(p) || p < q, p, q);
  });
  return record_elementwise("minimum", {a, b}, std::move(y), [&] {
    return [a, b](const Tensor& dy, Needs need) {
      const Tensor first = a <= b;
      return Grads{need[0] ? where(first, dy, 0) : Tensor(), need[1] ? where(first, 0, dy) : Tensor()};
    };
  });
}

Tensor negative(const Tensor& x) {
  XTAPE_NOTE(negative, x);
  Tensor y = map_unary<Domain::numbers>("negative", x, [](auto v) {
    using V = decltype(v);
    if constexpr (std::is_integral_v<V>) {
      return kernels::minus(V(0), v);
    } else {
      return V(-v);
    }
  });
  return record_elementwise("negative", {x}, std::move(y), [](const Tensor& dy) { return Grads{-dy}; });
}

Tensor abs(const Tensor& x) {
  XTAPE_NOTE(abs, x);
  Tensor y = map_unary<Domain::numbers>("abs", x, [](auto v) {
    using kernels::select;
    using V = decltype(v);
    if constexpr (std::is_integral_v<V>) {
      return v < V(0) ? kernels::minus(V(0), v) : v;
    } else {
      return xsimd::abs(v);
    }
  });
  return record_elementwise("abs", {x}, y, [&] { return [x](const Tensor& dy) { return Grads{dy * sign(x)}; }; });
}

Tensor sign(const Tensor& x) {
  XTAPE_NOTE(sign, x);
  Tensor y = map_unary<Domain::numbers>("sign", x, [](auto v) {
    using kernels::select;
    using V = decltype(v);
    return select(v > V(0), V(1), select(v < V(0), V(-1), v));
  });
  return record_elementwise("sign", {x}, std::move(y), [](const Tensor& dy) { return Grads{zeros_like(dy)}; });
}

Tensor square(const Tensor& x) {
  XTAPE_NOTE(square, x);
  Tensor y = map_unary<Domain::numbers>("square", x, [](auto v) { return kernels::times(v, v); });
  return record_elementwise("square", {x}, std::move(y),
                            [&] { return [x](const Tensor& dy) { return Grads{dy * (x * 2)}; }; });
}

namespace {

/// The gradient dy f'(x) of an activation y = f(x) whose derivative is a function of y, f'(x) = slope(y). It is one op;
/// `rule` is its own gradient.
template <class Slope, class Rule>
Tensor activation_grad(const char* op, const Tensor& dy, const Tensor& y, Slope slope, Rule rule) {
  Tensor dx = map_binary<Domain::floating>(op, dy, y, [slope](auto g, auto v) { return g * slope(v); });
  return record_elementwise(op, {dy, y}, std::move(dx), [&] {
    return [dy, y, rule](const Tensor& g, Needs need) { return rule(g, dy, y, need); };
  });
}

Tensor sqrt_grad(const Tensor& dy, const Tensor& y) {
  const auto slope = [](auto v) { return elementwise::slope::sqrt(v); };
  return activation_grad("sqrt_grad", dy, y, slope, [](const Tensor& g, const Tensor& u, const Tensor& at, Needs need) {
    return Grads{need[0] ? sqrt_grad(g, at) : Tensor(), need[1] ? g * u / (at * at) * -0.5 : Tensor()};
  });
}

}  // namespace

Tensor sqrt(const Tensor& x) {
  XTAPE_NOTE(sqrt, x);
  Tensor y = map_unary<Domain::floating>("sqrt", x, [](auto v) { return sqrt(v); });
  return record_elementwise("sqrt", {x}, std::move(y),
                            [&] { return [y](const Tensor& dy) { return Grads{sqrt_grad(dy, y)}; }; });
}

Tensor exp(const Tensor& x) {
  XTAPE_NOTE(exp, x);
  Tensor y = map_unary<Domain::floating>("exp", x, [](auto v) { return exp(v); });
  return record_elementwise("exp", {x}, std::move(y), [&] { return [y](const Tensor& dy) { return Grads{dy * y}; }; });
}

Tensor log(const Tensor& x) {
  XTAPE_NOTE(log, x);
  Tensor y = map_unary<Domain::floating>("log", x, [](auto v) { return log(v); });
  return record_elementwise("log", {x}, y, [&] { return [x](const Tensor& dy) { return Grads{dy / x}; }; });
}

namespace {

Tensor tanh_grad(const Tensor& dy, const Tensor& y) {
  const auto slope = [](auto v) { return elementwise::slope::tanh(v); };
  return activation_grad("tanh_grad", dy, y, slope, [](const Tensor& g, const Tensor& u, const Tensor& at, Needs need) {
    return Grads{need[0] ? tanh_grad(g, at) : Tensor(), need[1] ? g * u * at * -2 : Tensor()};
  });
}

Tensor sigmoid_grad(const Tensor& dy, const Tensor& y) {
  const auto slope = [](auto v) { return elementwise::slope::sigmoid(v); };
  return activation_grad(
      "sigmoid_grad", dy, y, slope, [](const Tensor& g, const Tensor& u, const Tensor& at, Needs need) {
        return Grads{need[0] ? sigmoid_grad(g, at) : Tensor(), need[1] ? g * u * (1 - 2 * at) : Tensor()};
      });
}

}  // namespace

Tensor tanh(const Tensor& x) {
  XTAPE_NOTE(tanh, x);
  Tensor y = map_unary<Domain::floating>("tanh", x, [](auto v) { return tanh(v); });
  return record_elementwise("tanh", {x}, std::move(y),
                            [&] { return [y](const Tensor& dy) { return Grads{tanh_grad(dy, y)}; }; });
}

Tensor sigmoid(const Tensor& x) {
  XTAPE_NOTE(sigmoid, x);
  // Uses e^-|x|, which cannot overflow.
  Tensor y = map_unary<Domain::floating>("sigmoid", x, [](auto v) {
    using V = decltype(v);
    const V e = exp(-xsimd::abs(v));
    return select(v < V(0), e, V(1)) / (V(1) + e);
  });
  return record_elementwise("sigmoid", {x}, std::move(y),
                            [&] { return [y](const Tensor& dy) { return Grads{sigmoid_grad(dy, y)}; }; });
}

Tensor clip_by_value(const Tensor& x, const Tensor& low, const Tensor& high) {
  XTAPE_NOTE(clip_by_value, x, low, high);
  if (x.dtype() == boolean) detail::fail_domain("clip_by_value", Domain::numbers, x.dtype());
  for (const Tensor& bound : {low, high}) {  // first, so that errors have this name
    detail::common_dtype("clip_by_value", x, bound);
    detail::broadcast_shape("clip_by_value", x.shape(), bound.shape());
  }
  // Comparisons with NaN are false, so NaN passes through.
  const auto clip = [](auto v, auto lower, auto upper) {
    using kernels::select;
    const decltype(v) raised = select(v < lower, lower, v);
    return select(raised > upper, upper, raised);
  };
  const bool in_place = detail::broadcasts_to(low.shape(), x.shape()) && detail::broadcasts_to(high.shape(), x.shape());
  if (x.impl()->weak || !in_place) {
    const Tensor raised = where(x < low, low, x);
    return where(raised > high, high, raised);
  }
  Tensor y = detail::map_ternary<Domain::numbers>("clip_by_value", x, low, high, clip);
  return record_elementwise("clip_by_value", {x, low, high}, std::move(y), [&] {
    return [x, low, high](const Tensor& dy, Needs need) {
      const Tensor below = x<low, above = maximum(x, low)> high;
      return Grads{need[0] ? where(logical_or(below, above), 0, dy) : Tensor(),
                   need[1] ? where(logical_and(below, logical_not(above)), dy, 0) : Tensor(),
                   need[2] ? where(above, dy, 0) : Tensor()};
    };
  });
}

Tensor stop_gradient(const Tensor& x) {
  XTAPE_NOTE(stop_gradient, x);
  return record_no_gradient("stop_gradient", {x}, detail::make_alias(x));
}

}  // namespace xtape
