#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// mean(log(cosh(y_pred - y_true))) over the last axis: e^2 / 2 for small errors, |e| - log 2 for large ones, accurate
/// and without overflow for both. Shapes, dtypes and errors as those of mean_squared_error.
Tensor log_cosh(const Tensor& y_true, const Tensor& y_pred);
/// Keras's other name.
inline Tensor logcosh(const Tensor& y_true, const Tensor& y_pred) { return log_cosh(y_true, y_pred); }

/// Keyword arguments of LogCosh.
struct LogCoshOptions {
  std::string reduction = "sum_over_batch_size";
  std::string name = "log_cosh";

  XTAPE_FIELDS(reduction, name)
};

/// log_cosh as an object.
class LogCosh : public LossFunctionWrapper {
 public:
  explicit LogCosh(const LogCoshOptions& options = {});
};

}  // namespace xtape::losses
