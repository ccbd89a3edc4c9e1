#include "xtape/losses/mean_absolute_percentage_error.hpp"

#include "losses/crossentropy.hpp"
#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::losses {

Tensor mean_absolute_percentage_error(const Tensor& y_true, const Tensor& y_pred) {
  const auto [target, prediction] = detail::paired("mean_absolute_percentage_error", y_true, y_pred);
  return 100 * reduce_mean(abs((target - prediction) / maximum(abs(target), detail::epsilon)), -1);
}

MeanAbsolutePercentageError::MeanAbsolutePercentageError(const MeanAbsolutePercentageErrorOptions& options)
    : LossFunctionWrapper(mean_absolute_percentage_error, options) {}

}  // namespace xtape::losses
