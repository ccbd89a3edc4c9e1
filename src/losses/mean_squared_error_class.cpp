#include "xtape/losses/mean_squared_error.hpp"

// Apart from the function, whose loops are compiled for several instruction sets: a class with virtual functions is
// there once.
namespace xtape::losses {

MeanSquaredError::MeanSquaredError(const MeanSquaredErrorOptions& options) : Loss(options) {}

Tensor MeanSquaredError::call(const Tensor& y_true, const Tensor& y_pred) const {
  return mean_squared_error(y_true, y_pred);
}

}  // namespace xtape::losses
