#include "xtape/ops/nn.hpp"

#include "core/call_notes.hpp"
#include "ops/elementwise.hpp"
#include "ops/logits.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record_forward.hpp"

// Activations and other parts of layers.
namespace xtape {

using detail::Domain;
using detail::map_binary;
using detail::map_unary;

Tensor detail::relu_grad(const Tensor& dy, const Tensor& y) {
  Tensor dx = map_binary<Domain::numbers>("relu_grad", dy, y, [](auto g, auto v) {
    using kernels::select;
    using V = decltype(v);
    return select(v > V(0), g, V(0));
  });
  return record_elementwise("relu_grad", {dy}, std::move(dx),
                            [&] { return [y](const Tensor& g) { return Grads{relu_grad(g, y)}; }; });
}

namespace nn {

Tensor relu(const Tensor& x) {
  XTAPE_NOTE(nn::relu, x);
  Tensor y = map_unary<Domain::numbers>("relu", x, [](auto v) {
    using kernels::select;
    using V = decltype(v);
    return select(v < V(0), V(0), v);  // comparisons with NaN are false, so it stays
  });
  return record_elementwise("relu", {x}, std::move(y),
                            [&] { return [y](const Tensor& dy) { return Grads{detail::relu_grad(dy, y)}; }; });
}

Tensor leaky_relu(const Tensor& x) {
  XTAPE_NOTE(nn::leaky_relu, x);
  return leaky_relu(x, 0.2);
}

Tensor leaky_relu(const Tensor& x, double negative_slope) {
  XTAPE_NOTE(nn::leaky_relu, x, negative_slope);
  if (!is_floating(x.dtype())) detail::fail_domain("leaky_relu", Domain::floating, x.dtype());
  return where(x < 0, x * negative_slope, x);
}

Tensor softplus(const Tensor& x) {
  XTAPE_NOTE(nn::softplus, x);
  // max(x, 0) + log(1 + e^-|x|)
  Tensor y = map_unary<Domain::floating>("softplus", x, [](auto v) {
    using V = decltype(v);
    return select(v > V(0), v, select(v != v, v, V(0))) + log1p(exp(-xsimd::abs(v)));
  });
  return record_elementwise("softplus", {x}, y,
                            [&] { return [x](const Tensor& dy) { return Grads{dy * xtape::sigmoid(x)}; }; });
}

Tensor sigmoid(const Tensor& x) {
  XTAPE_NOTE(nn::sigmoid, x);
  Tensor y = xtape::sigmoid(x);
  detail::remember_sigmoid(y, x);
  return y;
}

Tensor tanh(const Tensor& x) {
  XTAPE_NOTE(nn::tanh, x);
  return xtape::tanh(x);
}
Tensor linear(const Tensor& x) {
  XTAPE_NOTE(nn::linear, x);
  return x;
}

Tensor sigmoid_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits) {
  XTAPE_NOTE(nn::sigmoid_cross_entropy_with_logits, labels, logits);
  const char* op = "sigmoid_cross_entropy_with_logits";
  if (labels.shape() != logits.shape()) {
    detail::fail<ValueError>(op, "labels and logits must have one shape: {} and {}", labels.shape(), logits.shape());
  }
  // max(x, 0) - x z + log(1 + e^-|x|). The first two terms are computed as x (1 - z) or -x z, which is 0 for a right
  // prediction, also if x is infinite.
  Tensor y = map_binary<Domain::floating>(op, labels, logits, [](auto z, auto x) {
    using V = decltype(x);
    const V missed = select(x < V(0), -z, V(1) - z);
    return select(missed == V(0), V(0), x * missed) + log1p(exp(-xsimd::abs(x)));
  });
  return record_elementwise(op, {labels, logits}, std::move(y), [&] {
    return [labels, logits](const Tensor& dy, Needs need) {
      return Grads{need[0] ? -(dy * logits) : Tensor(), need[1] ? dy * (xtape::sigmoid(logits) - labels) : Tensor()};
    };
  });
}

Tensor bias_add(const Tensor& x, const Tensor& bias) {
  XTAPE_NOTE(nn::bias_add, x, bias);
  if (x.rank() < 1 || bias.rank() != 1 || bias.shape()[0] != x.shape().back()) {
    detail::fail<ValueError>("bias_add", "expected x [..., n] and a bias [n]: {} and {}", x.shape(), bias.shape());
  }
  return x + bias;
}

Tensor embedding_lookup(const Tensor& params, const Tensor& ids) {
  XTAPE_NOTE(nn::embedding_lookup, params, ids);
  return gather(params, ids);
}

}  // namespace nn
}  // namespace xtape
