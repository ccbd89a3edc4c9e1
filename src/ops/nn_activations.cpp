#include "xtape/ops/nn_activations.hpp"

#include <cmath>
#include <numbers>

#include "kernels/special.hpp"
#include "ops/elementwise.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::nn {
namespace {

using detail::Domain;

/// An activation: f on vectors, its gradient dy f'(x) as grad on vectors of dy and x, and once more as public ops for
/// who differentiates the gradient again.
template <Domain domain = Domain::floating, class F, class Grad, class PublicGrad>
Tensor activation(const char* op, const Tensor& x, const F& f, const Grad& grad, const PublicGrad& public_grad) {
  Tensor y = detail::map_unary<domain>(op, x, f);
  if (!is_tracked({x})) return y;
  return record(op, {x}, std::move(y), [op, x = x, grad, public_grad](const Tensor& dy) {
    if (is_tracked({dy, x})) return Grads{public_grad(dy, x)};
    return Grads{detail::map_binary<domain>(op, dy, x, grad)};
  });
}

/// 1 / (1 + e^-v), from e^-|v|.
template <class V>
V logistic(const V& v) {
  const V e = exp(-xsimd::abs(v));
  return select(v < V(0), e, V(1)) / (V(1) + e);
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
  return select(v > V(1e4f), V(1e4f), not_infinite(v));
}
Tensor bounded(const Tensor& x) { return clip_by_value(x, -1e4, 1e4); }

/// P(z <= v) of the standard normal distribution.
template <class V>
V normal_probability(const V& v) {
  using T = typename V::value_type;
  return V(T(0.5)) * kernels::erfc(v * V(static_cast<T>(-1 / std::numbers::sqrt2)));
}

constexpr double inverse_root_two_pi = 0.3989422804014327;

Tensor scaled_elu(const char* op, const Tensor& x, double alpha, double scale) {
  return activation(
      op, x,
      [=](auto v) {
        using V = decltype(v);
        using T = typename V::value_type;
        return select(v > V(0), V(static_cast<T>(scale)) * v, V(static_cast<T>(scale * alpha)) * expm1(v));
      },
      [=](auto dy, auto v) {
        using V = decltype(v);
        using T = typename V::value_type;
        return dy * select(v > V(0), V(static_cast<T>(scale)), V(static_cast<T>(scale * alpha)) * exp(v));
      },
      [=](const Tensor& dy, const Tensor& t) {
        return dy * where(t > 0, scale, exp(minimum(t, 0)) * (scale * alpha));
      });
}

constexpr double gelu_cubic = 0.044715;
constexpr double gelu_slope = 2 * 0.7978845608028654;  // 2 sqrt(2 / pi): 0.5 (1 + tanh(u)) is sigmoid(2 u)

Tensor gelu_by_tanh(const Tensor& x) {
  return activation(
      "gelu", x,
      [](auto v) {
        using V = decltype(v);
        using T = typename V::value_type;
        const V inner = V(T(gelu_slope)) * v * (V(1) + V(T(gelu_cubic)) * v * v);
        return not_infinite(v) * logistic(inner);
      },
      [](auto dy, auto x_) {
        using V = decltype(x_);
        using T = typename V::value_type;
        // Where x^2 might overflow the derivative has long been 0 or 1.
        const V v = select(x_ < V(-30), V(-30), select(x_ > V(30), V(30), x_));
        const V inner = V(T(gelu_slope)) * v * (V(1) + V(T(gelu_cubic)) * v * v);
        const V e = exp(-xsimd::abs(inner)), total = V(1) + e;  // s (1 - s) = e / total^2 without cancellation
        const V slope = V(T(gelu_slope)) * (V(1) + V(T(3 * gelu_cubic)) * v * v);
        return dy * (select(inner < V(0), e, V(1)) / total + v * slope * (e / (total * total)));
      },
      [](const Tensor& dy, const Tensor& t) {
        const Tensor v = clip_by_value(t, -30, 30), cubic = square(v) * gelu_cubic;
        const Tensor s = xtape::sigmoid(v * (cubic + 1) * gelu_slope);
        return dy * (s + v * s * (1 - s) * (cubic * 3 + 1) * gelu_slope);
      });
}

}  // namespace

Tensor relu6(const Tensor& x) {
  using kernels::select;
  return activation<Domain::numbers>(
      "relu6", x,
      [](auto v) {
        using V = decltype(v);
        return select(v < V(0), V(0), select(v > V(6), V(6), v));
      },
      [](auto dy, auto v) {
        using V = decltype(v);
        return select(v > V(0), select(v < V(6), dy, V(0)), V(0));
      },
      [](const Tensor& dy, const Tensor& t) { return where(logical_and(t > 0, t < 6), dy, 0); });
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
        using T = typename V::value_type;
        const V v = bounded(x_);
        return dy * (normal_probability(v) + v * V(T(inverse_root_two_pi)) * exp(V(T(-0.5)) * v * v));
      },
      [](const Tensor& dy, const Tensor& x_) {
        const Tensor t = bounded(x_), probability = erfc(t * (-1 / std::numbers::sqrt2)) * 0.5;
        return dy * (probability + t * exp(square(t) * -0.5) * inverse_root_two_pi);
      });
}

Tensor silu(const Tensor& x) {
  return activation(
      "silu", x, [](auto v) { return not_infinite(v) * logistic(v); },
      [](auto dy, auto x_) {
        using V = decltype(x_);
        const V v = bounded(x_);
        const V e = exp(-xsimd::abs(v)), total = V(1) + e;  // s (1 - s) = e / total^2 without cancellation
        return dy * (select(v < V(0), e, V(1)) / total + v * (e / (total * total)));
      },
      [](const Tensor& dy, const Tensor& x_) {
        const Tensor t = bounded(x_), s = xtape::sigmoid(t);
        return dy * s * (1 + t * (1 - s));
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
        const V w = select(v > V(20), V(20), not_infinite(v)), e = exp(w), n = e * (e + V(2)), d = n + V(2);
        return dy * (n / d + w * (V(4) * e * (V(1) + e)) / (d * d));
      },
      [](const Tensor& dy, const Tensor& x_) {
        const Tensor t = bounded(x_), h = xtape::tanh(softplus(t));
        return dy * (h + t * (1 - h) * (1 + h) * xtape::sigmoid(t));
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
        return select(v > V(-3), select(v < V(3), dy / V(6), V(0)), V(0));
      },
      [](const Tensor& dy, const Tensor& t) { return where(abs(t) < 3, dy / 6, 0); });
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
        return dy * select(v > V(-3), select(v < V(3), (v + v + V(3)) / V(6), V(1)), V(0));
      },
      [](const Tensor& dy, const Tensor& t) { return dy * where(t > -3, where(t < 3, (t * 2 + 3) / 6, 1), 0); });
}
Tensor hard_swish(const Tensor& x) { return hard_silu(x); }

Tensor log_sigmoid(const Tensor& x) {
  return activation(
      "log_sigmoid", x,
      [](auto v) {
        using V = decltype(v);
        return select(v > V(0), V(0), v) - log1p(exp(-xsimd::abs(v)));
      },
      [](auto dy, auto v) { return dy * logistic(-v); },
      [](const Tensor& dy, const Tensor& t) { return dy * xtape::sigmoid(-t); });
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
        using V = decltype(v);
        const V factor = V(1) / (V(1) + xsimd::abs(v));
        return dy * factor * factor;
      },
      [](const Tensor& dy, const Tensor& t) { return dy * square(reciprocal(1 + abs(t))); });
}

Tensor exponential(const Tensor& x) { return xtape::exp(x); }

}  // namespace xtape::nn
