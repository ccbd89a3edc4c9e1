#include "losses/shapes.hpp"

#include "base/check.hpp"
#include "tape/accumulate.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::detail {
namespace {

/// The shape with axes of size 1 appended up to `rank`.
Shape padded(const Shape& shape, int rank) {
  if (shape.rank() >= rank) return shape;
  PoolVector<std::int64_t> sizes(shape.begin(), shape.end());
  sizes.resize(static_cast<std::size_t>(rank), 1);
  return Shape(std::span<const std::int64_t>(sizes));
}

/// Without an additional last axis of size 1, and with the axes that it lacks at the end.
Shape aligned(const Shape& weights, const Shape& values) {
  Shape shape = weights;
  if (shape.rank() == values.rank() + 1 && shape.back() == 1) shape = without_last(shape);
  if (shape.rank() > 0) shape = padded(shape, values.rank());
  return shape;
}

Tensor shaped(const Tensor& t, const Shape& shape) { return t.shape() == shape ? t : reshape(t, shape); }

}  // namespace

Shape without_last(const Shape& shape) {
  return Shape(std::span<const std::int64_t>(shape.begin(), static_cast<std::size_t>(shape.rank() - 1)));
}

void make_same_rank(Shape& a, Shape& b) {
  if (a.rank() < b.rank()) return make_same_rank(b, a);
  if (a.rank() != b.rank() + 1 || a.back() != 1) return;
  if (b.rank() == 1) {
    b = padded(b, 2);
  } else {
    a = without_last(a);
  }
}

Pair paired(const char* op, const Tensor& y_true, const Tensor& y_pred) {
  const DType dtype = y_pred.dtype() == float64 ? float64 : float32;
  const Tensor target = cast(y_true, dtype), prediction = cast(y_pred, dtype);
  Shape target_shape = target.shape(), shape = prediction.shape();
  make_same_rank(target_shape, shape);
  if (shape.rank() == 0) fail<ValueError>(op, "expected y_pred of rank 1 or more, received a scalar");
  if (target_shape.rank() == 0) return {broadcast_to(target, shape), prediction};
  if (target_shape != shape) {
    fail<ValueError>(op, "y_true and y_pred must have the same shape: {} and {}", y_true.shape(), y_pred.shape());
  }
  return {shaped(target, shape), shaped(prediction, shape)};
}

Shape label_shape(const char* op, const Shape& y_true, const Shape& y_pred) {
  if (y_pred.rank() < 1) fail<ValueError>(op, "expected y_pred of shape [..., classes], received a scalar");
  Shape shape = without_last(y_pred);
  const Shape column = padded(shape, y_pred.rank());
  if (y_true != shape && y_true != column) {
    fail<ValueError>(op, "expected labels of shape {} or {} for y_pred of shape {}, received {}{}", shape, column,
                     y_pred, y_true, y_true == y_pred ? " (are these one-hot labels?)" : "");
  }
  return shape;
}

Shape one_hot_shape(const char* op, const Shape& y_true, const Shape& y_pred) {
  if (y_pred.rank() < 1) fail<ValueError>(op, "expected y_pred of shape [..., classes], received a scalar");
  if (y_true != y_pred) {
    fail<ValueError>(op, "y_true and y_pred must have the same shape: {} and {}", y_true, y_pred);
  }
  return without_last(y_pred);
}

Shape weight_shape(const char* op, const Shape& weights, const Shape& values) {
  const Shape shape = aligned(weights, values);
  if (!broadcasts_to(shape, values)) {
    fail<ValueError>(op, "sample_weight of shape {} does not fit values of shape {}", weights, values);
  }
  return shape;
}

Shape mask_shape(const char* op, const Shape& mask, const Shape& values) {
  const Shape shape = aligned(mask, values);
  if (!broadcasts_to(shape, values)) {
    fail<ValueError>(op,
                     "the mask of the predictions, of shape {}, does not fit values of shape {}: where it does not "
                     "matter, take it away by with_mask(y_pred, {{}})",
                     mask, values);
  }
  return shape;
}

Tensor labels_of_steps(const Tensor& y_true, const Tensor& y_pred) {
  if (!y_true.defined() || !has_mask(y_pred)) return y_true;
  const Tensor mask = get_mask(y_pred);
  const Shape shape = aligned(mask.shape(), y_true.shape());
  if (!broadcasts_to(shape, y_true.shape())) return y_true;  // the loss says what it expects
  return where(shaped(mask, shape), y_true, zeros({}, y_true.dtype()));
}

}  // namespace xtape::detail
