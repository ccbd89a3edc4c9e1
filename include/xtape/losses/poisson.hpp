#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// mean(y_pred - y_true log(y_pred + 1e-7)) over the last axis: y_pred is the mean of a Poisson distribution. Shapes,
/// dtypes and errors as those of mean_squared_error.
Tensor poisson(const Tensor& y_true, const Tensor& y_pred);

/// Keyword arguments of Poisson.
struct PoissonOptions {
  std::string reduction = "sum_over_batch_size";
  std::string name = "poisson";

  XTAPE_FIELDS(reduction, name)
};

/// poisson as an object.
class Poisson : public LossFunctionWrapper {
 public:
  explicit Poisson(const PoissonOptions& options = {});
};

}  // namespace xtape::losses
