#pragma once

#include "xtape/core/tensor.hpp"

// Sorting along an axis. NaN counts as the largest element. Equal elements keep their order, in either direction.
// Gradients go back to the positions of the elements. Throws a TypeError for bool, an IndexError for an axis outside
// the rank.
namespace xtape {

/// Which element comes first.
enum class SortDirection { ascending, descending };

/// The sorted elements (tf.sort).
Tensor sort(const Tensor& x, int axis = -1, SortDirection direction = SortDirection::ascending);
/// The int64 indices of the sorted elements (tf.argsort): gather(x, argsort(x)) is sort(x) for a vector. No gradient.
Tensor argsort(const Tensor& x, int axis = -1, SortDirection direction = SortDirection::ascending);
/// What top_k() returns.
struct TopK {
  Tensor values;
  Tensor indices;  ///< int64
};
/// The k largest elements along the last axis, the largest first, and their indices (tf.math.top_k). Throws a
/// ValueError unless 0 <= k <= the axis's size.
TopK top_k(const Tensor& x, std::int64_t k = 1);

}  // namespace xtape
