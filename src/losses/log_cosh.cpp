#include "xtape/losses/log_cosh.hpp"

#include "losses/shapes.hpp"
#include "ops/elementwise.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::losses {
namespace {

/// log(cosh(x)): near 0 from cosh(x) = 1 + 2 sinh(x / 2)^2, which keeps all digits, elsewhere without overflow.
Tensor log_cosh_of(const Tensor& x) {
  Tensor y = detail::map_unary<detail::Domain::floating>("log_cosh", x, [](auto v) {
    using V = decltype(v);
    const V size = xsimd::abs(v), half = sinh(v * V(0.5));
    const V near = log1p(V(2) * half * half), far = size + log1p(exp(V(-2) * size)) - V(0.69314718055994530942);
    return select(size < V(1), near, far);
  });
  return record_elementwise("log_cosh", {x}, y, [&] { return [x](const Tensor& dy) { return Grads{dy * tanh(x)}; }; });
}

}  // namespace

Tensor log_cosh(const Tensor& y_true, const Tensor& y_pred) {
  const auto [target, prediction] = detail::paired("log_cosh", y_true, y_pred);
  return reduce_mean(log_cosh_of(prediction - target), -1);
}

LogCosh::LogCosh(const LogCoshOptions& options) : LossFunctionWrapper(log_cosh, options) {}

}  // namespace xtape::losses
