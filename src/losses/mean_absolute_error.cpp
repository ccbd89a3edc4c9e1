#include "xtape/losses/mean_absolute_error.hpp"

#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::losses {

Tensor mean_absolute_error(const Tensor& y_true, const Tensor& y_pred) {
  const auto [target, prediction] = detail::paired("mean_absolute_error", y_true, y_pred);
  return reduce_mean(abs(target - prediction), -1);
}

MeanAbsoluteError::MeanAbsoluteError(const MeanAbsoluteErrorOptions& options)
    : LossFunctionWrapper(mean_absolute_error, options) {}

}  // namespace xtape::losses
