#include "xtape/losses/huber.hpp"

#include "base/check.hpp"
#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::losses {
namespace {

void check_delta(double delta) {
  if (!(delta > 0)) detail::fail<ValueError>("huber", "expected delta > 0, received {}", delta);
}

}  // namespace

Tensor huber(const Tensor& y_true, const Tensor& y_pred, double delta) {
  check_delta(delta);
  const auto [target, prediction] = detail::paired("huber", y_true, y_pred);
  // error^2 / 2 within delta, delta (|error| - delta / 2) outside: both are b (error - b / 2) with b the clipped error.
  const Tensor error = prediction - target, bounded = clip_by_value(error, -delta, delta);
  return reduce_mean(bounded * (error - 0.5 * bounded), -1);
}

Huber::Huber(const HuberOptions& options)
    : LossFunctionWrapper(
          [delta = options.delta](const Tensor& y_true, const Tensor& y_pred) { return huber(y_true, y_pred, delta); },
          options) {
  check_delta(options.delta);
}

}  // namespace xtape::losses
