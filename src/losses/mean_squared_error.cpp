#include "xtape/losses/mean_squared_error.hpp"

#include "core/trace.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/squared_error.hpp"
#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::losses {
namespace {

constexpr const char* op = "mean_squared_error";

/// One op instead of a subtraction, a square and a mean: small networks spend their time on the number of ops.
Tensor fused(const Tensor& y_true, const Tensor& y_pred) {
  const std::int64_t n = y_pred.shape().back();
  Tensor loss = detail::make_tensor(detail::without_last(y_pred.shape()), y_pred.dtype());
  const auto kernel = [n]<class T>(kernels::Type<T>, const detail::Operands& of) {
    kernels::mean_squared_error(detail::const_data<T>(of[0]), detail::const_data<T>(of[1]),
                                detail::mutable_data<T>(of[2]), of[2].size(), n);
  };
  detail::launch(
      1,
      [kernel](const detail::Operands& of) {
        if (of[1].dtype() == float32) {
          kernel(kernels::Type<float>{}, of);
        } else {
          kernel(kernels::Type<double>{}, of);
        }
      },
      y_true, y_pred, loss);
  return record(op, {y_true, y_pred}, loss, [y_true, y_pred, n](const Tensor& dy, Needs need) {
    const Tensor gradient = (y_pred - y_true) * expand_dims(dy * (2.0 / static_cast<double>(n)), -1);
    return Grads{need[0] ? -gradient : Tensor(), gradient};
  });
}

}  // namespace

Tensor mean_squared_error(const Tensor& y_true, const Tensor& y_pred) {
  const auto [target, prediction] = detail::paired(op, y_true, y_pred);
  return fused(target, prediction);
}

MeanSquaredError::MeanSquaredError(const MeanSquaredErrorOptions& options) : Loss(options.name, options.reduction) {}

Tensor MeanSquaredError::call(const Tensor& y_true, const Tensor& y_pred) const {
  return mean_squared_error(y_true, y_pred);
}

}  // namespace xtape::losses
