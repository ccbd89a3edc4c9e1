#include "xtape/metrics/accuracy.hpp"

#include "base/check.hpp"
#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::metrics {

Tensor Accuracy::call(const Tensor& y_true, const Tensor& y_pred) const {
  Shape true_shape = y_true.shape(), shape = y_pred.shape();
  detail::make_same_rank(true_shape, shape);
  if (true_shape != shape) {
    detail::fail<ValueError>(name().c_str(), "y_true and y_pred must have the same shape: {} and {}", y_true.shape(),
                             y_pred.shape());
  }
  // The mean over the last axis is left to Mean, which takes it in double.
  return equal(reshape(cast(y_true, y_pred.dtype()), shape), reshape(y_pred, shape));
}

}  // namespace xtape::metrics
