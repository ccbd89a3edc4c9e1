#include "xtape/losses/mean_squared_logarithmic_error.hpp"

#include "losses/crossentropy.hpp"
#include "losses/shapes.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"

// mean((log(1 + t) - log(1 + p))^2), both at least epsilon.
namespace xtape::losses {

Tensor mean_squared_logarithmic_error(const Tensor& y_true, const Tensor& y_pred) {
  const auto [target, prediction] = detail::paired("mean_squared_logarithmic_error", y_true, y_pred);
  return mean_squared_error(log1p(maximum(target, detail::epsilon)), log1p(maximum(prediction, detail::epsilon)));
}

MeanSquaredLogarithmicError::MeanSquaredLogarithmicError(const MeanSquaredLogarithmicErrorOptions& options)
    : LossFunctionWrapper(mean_squared_logarithmic_error, options) {}

}  // namespace xtape::losses
