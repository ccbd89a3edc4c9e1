#pragma once

#include "xtape/losses/loss.hpp"

namespace xtape::losses {

/// mean((y_true - y_pred)^2) over the last axis: [..., n] and [..., n] -> [...]. y_true takes y_pred's dtype; the
/// result of integer or bfloat16 predictions is float32. Where one of the two lacks a last axis of size 1, it is added,
/// as in Keras; y_true may be a single number. Throws a ValueError for other shapes that differ (Keras broadcasts them)
/// and for scalars.
Tensor mean_squared_error(const Tensor& y_true, const Tensor& y_pred);
/// Keras's other name.
inline Tensor mse(const Tensor& y_true, const Tensor& y_pred) { return mean_squared_error(y_true, y_pred); }

/// Keyword arguments of MeanSquaredError.
struct MeanSquaredErrorOptions {
  std::string reduction = "sum_over_batch_size";
  std::string name = "mean_squared_error";

  XTAPE_FIELDS(reduction, name)
};

/// mean_squared_error as an object.
class MeanSquaredError : public Loss {
 public:
  explicit MeanSquaredError(const MeanSquaredErrorOptions& options = {});

 protected:
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override;
};

}  // namespace xtape::losses
