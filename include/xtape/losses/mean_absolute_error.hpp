#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// mean(|y_true - y_pred|) over the last axis: [..., n] and [..., n] -> [...]. Shapes, dtypes and errors as those of
/// mean_squared_error.
Tensor mean_absolute_error(const Tensor& y_true, const Tensor& y_pred);
/// Keras's other name.
inline Tensor mae(const Tensor& y_true, const Tensor& y_pred) { return mean_absolute_error(y_true, y_pred); }

/// Keyword arguments of MeanAbsoluteError.
struct MeanAbsoluteErrorOptions {
  std::string reduction = "sum_over_batch_size";
  std::string name = "mean_absolute_error";

  XTAPE_FIELDS(reduction, name)
};

/// mean_absolute_error as an object.
class MeanAbsoluteError : public LossFunctionWrapper {
 public:
  explicit MeanAbsoluteError(const MeanAbsoluteErrorOptions& options = {});
};

}  // namespace xtape::losses
