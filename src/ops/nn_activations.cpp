#include "xtape/ops/nn_activations.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "base/check.hpp"
#include "core/call_notes.hpp"
#include "kernels/special.hpp"
#include "ops/elementwise.hpp"
#include "ops/fused_gradient.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::nn {
namespace {

using detail::Domain;

// The formulas below are written once for two types: vectors of elements, in kernels, and tensors, as ops. These
// helpers cover the differences.

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

/// v clipped to the bounds; NaN stays NaN.
template <class V>
V within(double lower, const V& v, double upper) {
  const V low = number<V>(lower), high = number<V>(upper);
  return select(v > high, high, select(v < low, low, v));
}
Tensor within(double lower, const Tensor& t, double upper) { return clip_by_value(t, lower, upper); }

/// s = 1 / (1 + e^-v) and its derivative. The derivative is not computed as s (1 - s), since 1 - s loses digits near s
/// = 1.
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

/// e^v where v < 0; elsewhere unspecified, since the caller selects another value there. For tensors it is finite there
/// too, because derivatives of values that are not selected are multiplied by 0.
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

/// An activation: f on vectors, and gradient(dy, x) = dy f'(x) on vectors or, to be differentiated again, on tensors.
template <Domain domain = Domain::floating, class F, class Gradient>
Tensor activation(const char* op, const Tensor& x, const F& f, const Gradient& gradient) {
  return record_elementwise(op, {x}, detail::map_unary<domain>(op, x, f), [&] {
    return [op, x, gradient](const Tensor& dy) {
      return detail::fused_or_ops(
          {dy, x}, [&] { return Grads{detail::map_binary<domain>(op, dy, x, gradient)}; },
          [&] { return Grads{gradient(dy, x)}; });
    };
  });
}

/// max(v, -10^4): there g(x) = 0 for all activations x g(x), and -inf times 0 would be NaN.
template <class V>
V not_infinite(const V& v) {
  return select(v < V(-1e4f), V(-1e4f), v);
}

/// v clipped to [-10^4, 10^4]: the derivatives of all activations x g(x) are constant from |x| = 100 on, and an
/// infinity times 0 would be NaN.
template <class V>
V bounded(const V& v) {
  return within(-1e4, v, 1e4);
}

/// The hyperbolic tangent.
template <class V>
V hyperbolic_tangent(const V& v) {
  return tanh(v);
}
Tensor hyperbolic_tangent(const Tensor& t) { return xtape::tanh(t); }

void check_positive(const char* op, const char* what, double value) {
  if (!(value > 0)) detail::fail<ValueError>(op, "expected {} > 0, received {}", what, value);
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
        // The derivative is 0 or 1 long before x^2 overflows.
        const V v = within(-30, x_, 30), cubic = number<V>(gelu_cubic) * v * v;
        const auto [s, slope] = logistic(number<V>(gelu_slope) * v * (number<V>(1) + cubic));
        const V slope_of_inner = number<V>(gelu_slope) * (number<V>(1) + number<V>(3) * cubic);
        return dy * (s + v * slope_of_inner * slope);
      });
}

}  // namespace

Tensor relu6(const Tensor& x) {
  XTAPE_NOTE(nn::relu6, x);
  return activation<Domain::numbers>(
      "relu6", x,
      [](auto v) {
        using V = decltype(v);
        return choose(v < V(0), V(0), choose(v > V(6), V(6), v));
      },
      [](auto dy, auto v) {
        const auto zero = number<decltype(v)>(0), six = number<decltype(v)>(6);
        return choose(v > zero, choose(v < six, dy, zero), zero);
      });
}

Tensor elu(const Tensor& x) {
  XTAPE_NOTE(nn::elu, x);
  return elu(x, 1);
}
Tensor elu(const Tensor& x, double alpha) {
  XTAPE_NOTE(nn::elu, x, alpha);
  return scaled_elu("elu", x, alpha, 1);
}
Tensor selu(const Tensor& x) {
  XTAPE_NOTE(nn::selu, x);
  return scaled_elu("selu", x, 1.6732632423543772, 1.0507009873554805);
}

Tensor gelu(const Tensor& x) {
  XTAPE_NOTE(nn::gelu, x);
  return gelu(x, {});
}

Tensor gelu(const Tensor& x, const GeluOptions& options) {
  XTAPE_NOTE(nn::gelu, x, options);
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
  XTAPE_NOTE(nn::silu, x);
  return activation(
      "silu", x, [](auto v) { return not_infinite(v) * logistic(v).s; },
      [](auto dy, auto x_) {
        const auto v = bounded(x_);
        const auto [s, slope] = logistic(v);
        return dy * (s + v * slope);
      });
}
Tensor swish(const Tensor& x) {
  XTAPE_NOTE(nn::swish, x);
  return silu(x);
}

Tensor mish(const Tensor& x) {
  XTAPE_NOTE(nn::mish, x);
  // With e = e^x: tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2), which rounds to 1 from x = 20 on.
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
  XTAPE_NOTE(nn::hard_sigmoid, x);
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
  XTAPE_NOTE(nn::hard_silu, x);
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
Tensor hard_swish(const Tensor& x) {
  XTAPE_NOTE(nn::hard_swish, x);
  return hard_silu(x);
}

Tensor log_sigmoid(const Tensor& x) {
  XTAPE_NOTE(nn::log_sigmoid, x);
  return activation(
      "log_sigmoid", x,
      [](auto v) {
        using V = decltype(v);
        return select(v > V(0), V(0), v) - log1p(exp(-xsimd::abs(v)));
      },
      [](auto dy, auto v) { return dy * logistic(-v).s; });
}

Tensor softsign(const Tensor& x) {
  XTAPE_NOTE(nn::softsign, x);
  return activation(
      "softsign", x,
      [](auto v) {
        using V = decltype(v);
        const V size = xsimd::abs(v), sign = select(v < V(0), V(-1), V(1));
        return select(size > V(1e20f), sign, v / (V(1) + size));  // since inf / inf is NaN
      },
      [](auto dy, auto v) {
        const auto one = number<decltype(v)>(1), factor = one / (one + abs(v));
        return dy * factor * factor;
      });
}

Tensor exponential(const Tensor& x) {
  XTAPE_NOTE(nn::exponential, x);
  return xtape::exp(x);
}

Tensor relu(const Tensor& x, const ReluOptions& options) {
  XTAPE_NOTE(nn::relu, x, options);
  const double slope = options.negative_slope, threshold = options.threshold;
  if (threshold == 0 && !options.max_value) return slope == 0 ? relu(x) : leaky_relu(x, slope);
  const double most = options.max_value.value_or(std::numeric_limits<double>::infinity());
  const bool slope_at_threshold = slope == 0 || threshold != 0;
  return activation(
      "relu", x,
      [=](auto v) {
        using V = decltype(v);
        const V above = number<V>(threshold), highest = number<V>(most);
        const V below = slope == 0 ? V(0) : number<V>(slope) * (v - above);
        return select(v >= highest, highest, select(v <= above, below, v));
      },
      [=](auto dy, auto v) {
        using V = decltype(v);
        const V zero = number<V>(0), above = number<V>(threshold), highest = number<V>(most);
        const V below = slope == 0 ? zero : dy * number<V>(slope);
        const auto is_above = [&] { return slope_at_threshold ? v > above : v >= above; };
        return choose(v < highest, choose(is_above(), dy, below), zero);
      });
}

Tensor celu(const Tensor& x) {
  XTAPE_NOTE(nn::celu, x);
  return celu(x, 1);
}
Tensor celu(const Tensor& x, double alpha) {
  XTAPE_NOTE(nn::celu, x, alpha);
  check_positive("celu", "alpha", alpha);
  return activation(
      "celu", x,
      [=](auto v) {
        using V = decltype(v);
        return select(v > V(0), v, number<V>(alpha) * expm1(v / number<V>(alpha)));
      },
      [=](auto dy, auto v) {
        using V = decltype(v);
        return dy * choose(v > number<V>(0), number<V>(1), exp_below_zero(v / number<V>(alpha)));
      });
}

Tensor squareplus(const Tensor& x) {
  XTAPE_NOTE(nn::squareplus, x);
  return squareplus(x, 4);
}
Tensor squareplus(const Tensor& x, double b) {
  XTAPE_NOTE(nn::squareplus, x, b);
  check_positive("squareplus", "b", b);
  return activation(
      "squareplus", x,
      [=](auto v) {
        using V = decltype(v);
        // Where the square could overflow, b does not matter. Below 0 the sum would lose digits, so it is the quotient.
        const V size = xsimd::abs(v), root = select(size > V(1e18f), size, sqrt(v * v + number<V>(b)));
        const V sum = size + root;
        return select(v < V(0), number<V>(0.5 * b) / sum, number<V>(0.5) * sum);
      },
      [=](auto dy, auto x_) {
        using V = decltype(x_);
        const V v = within(-1e9, x_, 1e9), size = abs(v), root = sqrt(v * v + number<V>(b)), half = number<V>(0.5);
        return dy * choose(v < number<V>(0), number<V>(0.5 * b) / (root * (root + size)), half + half * size / root);
      });
}

Tensor hard_tanh(const Tensor& x) {
  XTAPE_NOTE(nn::hard_tanh, x);
  return activation(
      "hard_tanh", x, [](auto v) { return within(-1, v, 1); },
      [](auto dy, auto v) {
        using V = decltype(v);
        const V zero = number<V>(0);
        return choose(v > number<V>(-1), choose(v < number<V>(1), dy, zero), zero);
      });
}

Tensor hard_shrink(const Tensor& x) {
  XTAPE_NOTE(nn::hard_shrink, x);
  return hard_shrink(x, 0.5);
}
Tensor hard_shrink(const Tensor& x, double threshold) {
  XTAPE_NOTE(nn::hard_shrink, x, threshold);
  return activation(
      "hard_shrink", x,
      [=](auto v) {
        using V = decltype(v);
        return select(xsimd::abs(v) <= number<V>(threshold), V(0), v);
      },
      [=](auto dy, auto v) {
        using V = decltype(v);
        return choose(abs(v) > number<V>(threshold), dy, number<V>(0));
      });
}

Tensor soft_shrink(const Tensor& x) {
  XTAPE_NOTE(nn::soft_shrink, x);
  return soft_shrink(x, 0.5);
}
Tensor soft_shrink(const Tensor& x, double threshold) {
  XTAPE_NOTE(nn::soft_shrink, x, threshold);
  if (!(threshold >= 0)) detail::fail<ValueError>("soft_shrink", "expected threshold >= 0, received {}", threshold);
  return activation(
      "soft_shrink", x,
      [=](auto v) {
        using V = decltype(v);
        const V t = number<V>(threshold);
        return select(v > t, v - t, select(v < -t, v + t, select(v == v, V(0), v)));
      },
      [=](auto dy, auto v) {
        using V = decltype(v);
        return choose(abs(v) > number<V>(threshold), dy, number<V>(0));
      });
}

Tensor tanh_shrink(const Tensor& x) {
  XTAPE_NOTE(nn::tanh_shrink, x);
  return activation(
      "tanh_shrink", x,
      [](auto v) {
        using V = decltype(v);
        // Near 0, where the difference would lose digits: (v cosh(v) - sinh(v)) / cosh(v), with the numerator's series
        // sum 2 k / (2 k + 1)! v^(2 k + 1).
        const V w = within(-1, v, 1), s = w * w, e = exp(w);
        V sum = number<V>(1 / 6758061133824000.0);
        for (const double divisor :
             {22230464256000.0, 93405312000.0, 518918400.0, 3991680.0, 45360.0, 840.0, 30.0, 3.0})
          sum = sum * s + number<V>(1 / divisor);
        const V near_zero = w * s * sum / (number<V>(0.5) * (e + V(1) / e));
        return select(xsimd::abs(v) < V(1), near_zero, v - tanh(v));
      },
      [](auto dy, auto v) {
        const auto t = hyperbolic_tangent(v);
        return dy * (t * t);
      });
}

Tensor threshold(const Tensor& x, double threshold, double default_value) {
  XTAPE_NOTE(nn::threshold, x, threshold, default_value);
  return activation(
      "threshold", x,
      [=](auto v) {
        using V = decltype(v);
        return select(v <= number<V>(threshold), number<V>(default_value), v);
      },
      [=](auto dy, auto v) {
        using V = decltype(v);
        return choose(v > number<V>(threshold), dy, number<V>(0));
      });
}

Tensor sparse_plus(const Tensor& x) {
  XTAPE_NOTE(nn::sparse_plus, x);
  return activation(
      "sparse_plus", x,
      [](auto v) {
        using V = decltype(v);
        const V next = v + V(1);
        return select(v <= V(-1), V(0), select(v >= V(1), v, number<V>(0.25) * next * next));
      },
      [](auto dy, auto v) {
        using V = decltype(v);
        return dy * (number<V>(0.5) * (within(-1, v, 1) + number<V>(1)));
      });
}

Tensor sparse_sigmoid(const Tensor& x) {
  XTAPE_NOTE(nn::sparse_sigmoid, x);
  return activation(
      "sparse_sigmoid", x,
      [](auto v) {
        using V = decltype(v);
        return number<V>(0.5) * (within(-1, v, 1) + V(1));
      },
      [](auto dy, auto v) {
        using V = decltype(v);
        const V zero = number<V>(0);
        return choose(v > number<V>(-1), choose(v < number<V>(1), number<V>(0.5) * dy, zero), zero);
      });
}

}  // namespace xtape::nn
