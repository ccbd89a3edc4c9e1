#pragma once

#include "xtape/core/shape.hpp"

// What shapes of labels, predictions and weights go together, for losses and metrics.
namespace xtape::detail {

/// The shape without its last axis.
Shape without_last(const Shape& shape);

/// Where one shape has one axis more than the other and that last axis has size 1, gives the other one such an axis as
/// well if it has rank 1, and takes it away otherwise: [batch] and [batch, 1] become alike (Keras's
/// squeeze_or_expand_to_same_rank).
void make_same_rank(Shape& a, Shape& b);

/// The shape [...] of integer labels for predictions [..., classes]; throws a ValueError unless the labels have it, or
/// [..., 1].
Shape label_shape(const char* op, const Shape& y_true, const Shape& y_pred);

/// The shape in which weights broadcast to values: without an additional last axis of size 1, and with the axes that
/// they lack at the end. Throws a ValueError where they do not broadcast.
Shape weight_shape(const char* op, const Shape& weights, const Shape& values);

}  // namespace xtape::detail
