#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// The mean over the last axis of e^2 / 2 where |e| <= delta and delta |e| - delta^2 / 2 elsewhere, e = y_pred - y_true
/// (Huber, 1964). Shapes, dtypes and errors as those of mean_squared_error; a ValueError unless delta > 0.
Tensor huber(const Tensor& y_true, const Tensor& y_pred, double delta = 1);

/// Keyword arguments of Huber.
struct HuberOptions {
  double delta = 1;  ///< where the square becomes a line
  std::string reduction = "sum_over_batch_size";
  std::string name = "huber_loss";

  XTAPE_FIELDS(delta, reduction, name)
};

/// huber as an object.
class Huber : public LossFunctionWrapper {
 public:
  explicit Huber(const HuberOptions& options = {});
  XTAPE_FIRST_OPTIONS(Huber, HuberOptions, 1)
};

}  // namespace xtape::losses
