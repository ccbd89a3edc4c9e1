#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// mean((log(1 + y_true) - log(1 + y_pred))^2) over the last axis, numbers below 1e-7 counting as 1e-7. Shapes, dtypes
/// and errors as those of mean_squared_error.
Tensor mean_squared_logarithmic_error(const Tensor& y_true, const Tensor& y_pred);
/// Keras's other name.
inline Tensor msle(const Tensor& y_true, const Tensor& y_pred) {
  return mean_squared_logarithmic_error(y_true, y_pred);
}

/// Keyword arguments of MeanSquaredLogarithmicError.
struct MeanSquaredLogarithmicErrorOptions {
  std::string reduction = "sum_over_batch_size";
  std::string name = "mean_squared_logarithmic_error";

  XTAPE_FIELDS(reduction, name)
};

/// mean_squared_logarithmic_error as an object.
class MeanSquaredLogarithmicError : public LossFunctionWrapper {
 public:
  explicit MeanSquaredLogarithmicError(const MeanSquaredLogarithmicErrorOptions& options = {});
};

}  // namespace xtape::losses
