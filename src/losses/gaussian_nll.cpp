#include "xtape/losses/gaussian_nll.hpp"

#include <cmath>
#include <numbers>

#include "base/check.hpp"
#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::losses {
namespace {

constexpr const char* op = "gaussian_nll";

void check_eps(double eps) {
  if (!(eps > 0)) detail::fail<ValueError>(op, "expected eps > 0, received {}", eps);
}

}  // namespace

Tensor gaussian_nll(const Tensor& y_true, const Tensor& y_pred, const GaussianNLLArguments& options) {
  check_eps(options.eps);
  if (y_pred.rank() < 1 || y_pred.shape().back() % 2 != 0) {
    detail::fail<ValueError>(op, "expected y_pred [..., 2 n], means and variances, received {}", y_pred.shape());
  }
  const std::int64_t n = y_pred.shape().back() / 2;
  const auto [target, mean] = detail::paired(op, y_true, slice_axis(y_pred, -1, 0, n));
  const Tensor given = reshape(cast(slice_axis(y_pred, -1, n, n), mean.dtype()), mean.shape());
  const Tensor variance = given + stop_gradient(maximum(given, options.eps) - given);
  const Tensor losses = 0.5 * (log(variance) + square(target - mean) / variance);
  return reduce_mean(options.full ? losses + 0.5 * std::log(2 * std::numbers::pi) : losses, -1);
}

GaussianNLL::GaussianNLL(const GaussianNLLOptions& options)
    : LossFunctionWrapper(
          [full = options.full, eps = options.eps](const Tensor& y_true, const Tensor& y_pred) {
            return gaussian_nll(y_true, y_pred, {.full = full, .eps = eps});
          },
          options) {
  check_eps(options.eps);
}

}  // namespace xtape::losses
