#include "xtape/metrics/sparse_categorical_accuracy.hpp"

#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::metrics {

Tensor SparseCategoricalAccuracy::call(const Tensor& y_true, const Tensor& y_pred) const {
  const Shape shape = detail::label_shape(name().c_str(), y_true.shape(), y_pred.shape());
  const DType dtype = is_floating(y_true.dtype()) ? float64 : int64;
  return equal(reshape(cast(y_true, dtype), shape), cast(argmax(y_pred, -1), dtype));
}

}  // namespace xtape::metrics
