#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// 100 mean(|y_true - y_pred| / max(|y_true|, 1e-7)) over the last axis. Shapes, dtypes and errors as those of
/// mean_squared_error.
Tensor mean_absolute_percentage_error(const Tensor& y_true, const Tensor& y_pred);
/// Keras's other name.
inline Tensor mape(const Tensor& y_true, const Tensor& y_pred) {
  return mean_absolute_percentage_error(y_true, y_pred);
}

/// Keyword arguments of MeanAbsolutePercentageError.
struct MeanAbsolutePercentageErrorOptions {
  std::string reduction = "sum_over_batch_size";
  std::string name = "mean_absolute_percentage_error";

  XTAPE_FIELDS(reduction, name)
};

/// mean_absolute_percentage_error as an object.
class MeanAbsolutePercentageError : public LossFunctionWrapper {
 public:
  explicit MeanAbsolutePercentageError(const MeanAbsolutePercentageErrorOptions& options = {});
};

}  // namespace xtape::losses
