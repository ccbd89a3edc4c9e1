#pragma once

#include "xtape/core/tensor.hpp"

// What shapes of labels, predictions and weights go together, for losses and metrics.
namespace xtape::detail {

/// The shape without its last axis.
Shape without_last(const Shape& shape);

/// Where one shape has one axis more than the other and that last axis has size 1, gives the other one such an axis as
/// well if it has rank 1, and takes it away otherwise: [batch] and [batch, 1] become alike (Keras's
/// squeeze_or_expand_to_same_rank).
void make_same_rank(Shape& a, Shape& b);

/// Labels and predictions of one floating dtype and one shape, of rank 1 or more.
struct Pair {
  Tensor target, prediction;
};

/// Makes them alike, as losses take them: the labels get the predictions' dtype (float32 where that is an integer or
/// bfloat16), a last axis of size 1 that one of them lacks is added (make_same_rank), and labels that are a number are
/// repeated. Throws a ValueError for other shapes that differ and for scalar predictions.
Pair paired(const char* op, const Tensor& y_true, const Tensor& y_pred);

/// The shape [...] of integer labels for predictions [..., classes]; throws a ValueError unless the labels have it, or
/// [..., 1].
Shape label_shape(const char* op, const Shape& y_true, const Shape& y_pred);

/// The shape [...] of the rows of one-hot labels and predictions, both [..., classes]; throws a ValueError where they
/// differ.
Shape one_hot_shape(const char* op, const Shape& y_true, const Shape& y_pred);

/// The shape in which weights broadcast to values: without an additional last axis of size 1, and with the axes that
/// they lack at the end. Throws a ValueError where they do not broadcast.
Shape weight_shape(const char* op, const Shape& weights, const Shape& values);

/// The same for the mask of the predictions.
Shape mask_shape(const char* op, const Shape& mask, const Shape& values);

}  // namespace xtape::detail
