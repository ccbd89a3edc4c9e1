#include "xtape/ops/nn_activations.hpp"

#include <cmath>
#include <numbers>

#include "kernels/special.hpp"
#include "ops/elementwise.hpp"
#include "ops/fused_gradient.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::nn {
namespace {

using detail::Domain;

// The formulas below are written once for two kinds of numbers: vectors of elements, on which kernels run, and tensors,
// on which they are ops. What the two write differently is here.

/// A constant.
template <class V>
V number(double c) {
  if constexpr (std::is_same_v<V, Tensor>) {
    return Tensor(c);
  } else if constexpr (std::is_arithmetic_v<V>) {
    return static_cast<V>(c);
  } else {
    return V(static_cast<typename V::value_type>(c));
  }
}

/// condition ? a : b
template <class Condition, class V>
V choose(const Condition& condition, const V& a, const V& b) {
  using kernels::select;
  return select(condition, a, b);
}
Tensor choose(const Tensor& condition, const Tensor& a, const Tensor& b) { return where(condition, a, b); }

/// v within bounds; a NaN stays one.
template <class V>
V within(double least, const V& v, double most) {
  const V low = number<V>(least), high = number<V>(most);
  return select(v > high, high, select(v < low, low, v));
}
Tensor within(double least, const Tensor& t, double most) { return clip_by_value(t, least, most); }

/// 1 / (1 + e^-v) and its derivative, which is not s (1 - s): near its end 1 - s would lose its digits.
template <class V>
struct Logistic {
  V s, slope;
};
template <class V>
Logistic<V> logistic(const V& v) {
  const V e = exp(-xsimd::abs(v)), total = V(1) + e;  // e^-|v| cannot overflow
  return {select(v < V(0), e, V(1)) / total, e / (total * total)};
}
Logistic<Tensor> logistic(const Tensor& t) {
  const Tensor s = xtape::sigmoid(t);
  return {s, s * xtape::sigmoid(-t)};
}

/// e^v where v < 0, and anything elsewhere, for who chooses between them. Of tensors it is finite there: the derivative
/// of what is not chosen is multiplied by 0.
template <class V>
V exp_below_zero(const V& v) {
  return exp(v);
}
Tensor exp_below_zero(const Tensor& t) { return exp(minimum(t, 0)); }

/// P(z <= v) of the standard normal distribution.
template <class V>
V normal_probability(const V& v) {
  return number<V>(0.5) * kernels::erfc(v * number<V>(-1 / std::numbers::sqrt2));
}
Tensor normal_probability(const Tensor& t) { return erfc(t * (-1 / std::numbers::sqrt2)) * 0.5; }

/// An activation: f on vectors, and its gradient dy f'(x) as gradient(dy, x) on vectors or, for who differentiates it
/// again, on tensors.
template <Domain domain = Domain::floating, class F, class Gradient>
Tensor activation(const char* op, const Tensor& x, const F& f, const Gradient& gradient) {
  return record(op, {x}, detail::map_unary<domain>(op, x, f), [&] {
    return [op, x, gradient](const Tensor& dy) {
      return detail::fused_or_ops(
          {dy, x}, [&] { return Grads{detail::map_binary<domain>(op, dy, x, gradient)}; },
          [&] { return Grads{gradient(dy, x)}; });
    };
  });
}

/// At least -10^4, where the factor of all activations of the form x g(x) is 0: -inf would give NaN.
template <class V>
V not_infinite(const V& v) {
  return select(v < V(-1e4f), V(-1e4f), v);
}

/// Within [-10^4, 10^4], beyond which the derivative of all activations of the form x g(x) is constant: in float32 from
/// 100 on, and an infinity times a 0 gives NaN.
template <class V>
V bounded(const V& v) {
  return within(-1e4, v, 1e4);
}

constexpr double inverse_root_two_pi = 0.3989422804014327;

Tensor scaled_elu(const char* op, const Tensor& x, double alpha, double scale) {
  return activation(
      op, x,
      [=](auto v) {
        using V = decltype(v);
        return select(v > V(0), number<V>(scale) * v, number<V>(scale * alpha) * expm1(v));
      },
      [=](auto dy, auto v) {
        using V = decltype(v);
        return dy * choose(v > number<V>(0), number<V>(scale), number<V>(scale * alpha) * exp_below_zero(v));
      });
}

constexpr double gelu_cubic = 0.044715;
constexpr double gelu_slope = 2 * 0.7978845608028654;  // 2 sqrt(2 / pi): 0.5 (1 + tanh(u)) is sigmoid(2 u)

Tensor gelu_by_tanh(const Tensor& x) {
  return activation(
      "gelu", x,
      [](auto v) {
        using V = decltype(v);
        const V inner = number<V>(gelu_slope) * v * (V(1) + number<V>(gelu_cubic) * v * v);
        return not_infinite(v) * logistic(inner).s;
      },
      [](auto dy, auto x_) {
        using V = decltype(x_);
        // Where x^2 might overflow the derivative has long been 0 or 1.
        const V v = within(-30, x_, 30), cubic = number<V>(gelu_cubic) * v * v;
        const auto [s, slope] = logistic(number<V>(gelu_slope) * v * (number<V>(1) + cubic));
        const V slope_of_inner = number<V>(gelu_slope) * (number<V>(1) + number<V>(3) * cubic);
        return dy * (s + v * slope_of_inner * slope);
      });
}

}  // namespace

Tensor relu6(const Tensor& x) {
  return activation<Domain::numbers>(
      "relu6", x,
      [](auto v) {
        using V = decltype(v);
        return choose(v < V(0), V(0), choose(v > V(6), V(6), v));
      },
      [](auto dy, auto v) {
        const auto zero = number<decltype(v)>(0), most = number<decltype(v)>(6);
        return choose(v > zero, choose(v < most, dy, zero), zero);
      });
}

Tensor elu(const Tensor& x) { return elu(x, 1); }
Tensor elu(const Tensor& x, double alpha) { return scaled_elu("elu", x, alpha, 1); }
Tensor selu(const Tensor& x) { return scaled_elu("selu", x, 1.6732632423543772, 1.0507009873554805); }

Tensor gelu(const Tensor& x) { return gelu(x, {}); }

Tensor gelu(const Tensor& x, const GeluOptions& options) {
  if (options.approximate) return gelu_by_tanh(x);
  return activation(
      "gelu", x, [](auto v) { return not_infinite(v) * normal_probability(v); },
      [](auto dy, auto x_) {
        using V = decltype(x_);
        const V v = bounded(x_);
        return dy * (normal_probability(v) + v * number<V>(inverse_root_two_pi) * exp(number<V>(-0.5) * v * v));
      });
}

Tensor silu(const Tensor& x) {
  return activation(
      "silu", x, [](auto v) { return not_infinite(v) * logistic(v).s; },
      [](auto dy, auto x_) {
        const auto v = bounded(x_);
        const auto [s, slope] = logistic(v);
        return dy * (s + v * slope);
      });
}
Tensor swish(const Tensor& x) { return silu(x); }

Tensor mish(const Tensor& x) {
  // tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2), which is 1 to the last place for e^20.
  return activation(
      "mish", x,
      [](auto v) {
        using V = decltype(v);
        const V e = exp(select(v > V(20), V(20), v)), n = e * (e + V(2));
        return not_infinite(v) * (n / (n + V(2)));
      },
      [](auto dy, auto v) {
        using V = decltype(v);
        const V w = within(-1e4, v, 20), e = exp(w), n = e * (e + number<V>(2)), d = n + number<V>(2);
        return dy * (n / d + w * (number<V>(4) * e * (number<V>(1) + e)) / (d * d));
      });
}

Tensor hard_sigmoid(const Tensor& x) {
  return activation(
      "hard_sigmoid", x,
      [](auto v) {
        using V = decltype(v);
        return select(v < V(-3), V(0), select(v > V(3), V(1), (v + V(3)) / V(6)));
      },
      [](auto dy, auto v) {
        using V = decltype(v);
        const V zero = number<V>(0);
        return choose(v > number<V>(-3), choose(v < number<V>(3), dy / number<V>(6), zero), zero);
      });
}

Tensor hard_silu(const Tensor& x) {
  return activation(
      "hard_silu", x,
      [](auto v) {
        using V = decltype(v);
        return select(v < V(-3), V(0), select(v > V(3), v, v * (v + V(3)) / V(6)));
      },
      [](auto dy, auto v) {
        using V = decltype(v);
        const V three = number<V>(3), within_bend = (v + v + three) / number<V>(6);
        return dy * choose(v > number<V>(-3), choose(v < three, within_bend, number<V>(1)), number<V>(0));
      });
}
Tensor hard_swish(const Tensor& x) { return hard_silu(x); }

Tensor log_sigmoid(const Tensor& x) {
  return activation(
      "log_sigmoid", x,
      [](auto v) {
        using V = decltype(v);
        return select(v > V(0), V(0), v) - log1p(exp(-xsimd::abs(v)));
      },
      [](auto dy, auto v) { return dy * logistic(-v).s; });
}

Tensor softsign(const Tensor& x) {
  return activation(
      "softsign", x,
      [](auto v) {
        using V = decltype(v);
        const V size = xsimd::abs(v), sign = select(v < V(0), V(-1), V(1));
        return select(size > V(1e20f), sign, v / (V(1) + size));  // inf / inf is NaN
      },
      [](auto dy, auto v) {
        const auto one = number<decltype(v)>(1), factor = one / (one + abs(v));
        return dy * factor * factor;
      });
}

Tensor exponential(const Tensor& x) { return xtape::exp(x); }

}  // namespace xtape::nn
