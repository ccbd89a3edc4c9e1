#include "xtape/ops/nn.hpp"

#include "ops/elementwise.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record.hpp"

// Activations.
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
  if (!is_tracked({dy})) return dx;
  return record("relu_grad", {dy}, std::move(dx), [y = y](const Tensor& g) { return Grads{relu_grad(g, y)}; });
}

namespace nn {

Tensor relu(const Tensor& x) {
  Tensor y = map_unary<Domain::numbers>("relu", x, [](auto v) {
    using kernels::select;
    using V = decltype(v);
    return select(v < V(0), V(0), v);  // NaN compares false and stays
  });
  if (!is_tracked({x})) return y;
  return record("relu", {x}, std::move(y), [y](const Tensor& dy) { return Grads{detail::relu_grad(dy, y)}; });
}

Tensor leaky_relu(const Tensor& x) { return leaky_relu(x, 0.2); }

Tensor leaky_relu(const Tensor& x, double negative_slope) {
  if (!is_floating(x.dtype())) detail::fail_domain("leaky_relu", Domain::floating, x.dtype());
  return where(x < 0, x * negative_slope, x);
}

Tensor softplus(const Tensor& x) {
  // max(x, 0) + log(1 + e^-|x|)
  Tensor y = map_unary<Domain::floating>("softplus", x, [](auto v) {
    using V = decltype(v);
    return select(v > V(0), v, select(v != v, v, V(0))) + log1p(exp(-xsimd::abs(v)));
  });
  return record("softplus", {x}, y, [x](const Tensor& dy) { return Grads{dy * xtape::sigmoid(x)}; });
}

Tensor sigmoid(const Tensor& x) { return xtape::sigmoid(x); }
Tensor tanh(const Tensor& x) { return xtape::tanh(x); }
Tensor linear(const Tensor& x) { return x; }

}  // namespace nn
}  // namespace xtape
