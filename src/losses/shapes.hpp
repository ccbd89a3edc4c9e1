#pragma once

#include "xtape/core/tensor.hpp"

// Which shapes of labels, predictions and weights fit together, for losses and metrics.
namespace xtape::detail {

/// The shape without its last axis.
Shape without_last(const Shape& shape);

/// If one shape has one axis more than the other, and that last axis has size 1: the other shape gets such an axis if
/// its rank is 1, otherwise the axis is removed. So [batch] and [batch, 1] become the same (Keras's
/// squeeze_or_expand_to_same_rank).
void make_same_rank(Shape& a, Shape& b);

/// Labels and predictions of one floating dtype and one shape, of rank 1 or more.
struct Pair {
  Tensor target, prediction;
};

/// Labels and predictions with the same dtype and shape, as losses take them: the predictions' dtype (float32 if that
/// is an integer or bfloat16); a last axis of size 1 that one of them lacks is added (make_same_rank); labels that are
/// one number are repeated. Throws a ValueError for other shapes that differ and for scalar predictions.
Pair paired(const char* op, const Tensor& y_true, const Tensor& y_pred);

/// The shape [...] of integer labels for predictions [..., classes]; throws a ValueError unless the labels have it, or
/// [..., 1].
Shape label_shape(const char* op, const Shape& y_true, const Shape& y_pred);

/// The shape [...] of the rows of one-hot labels and predictions, both [..., classes]; throws a ValueError where they
/// differ.
Shape one_hot_shape(const char* op, const Shape& y_true, const Shape& y_pred);

/// The shape in which weights broadcast to values: a surplus last axis of size 1 is removed, and missing axes are added
/// at the end. Throws a ValueError where they do not broadcast.
Shape weight_shape(const char* op, const Shape& weights, const Shape& values);

/// The same for the mask of the predictions.
Shape mask_shape(const char* op, const Shape& mask, const Shape& values);

/// The labels, with 0 where the mask of the predictions leaves them out: what stands there in a padded batch (NaN, -1,
/// a class that does not exist) must not matter, not even for gradients, which would be 0 * NaN.
Tensor labels_of_steps(const Tensor& y_true, const Tensor& y_pred);

}  // namespace xtape::detail
