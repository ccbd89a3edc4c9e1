#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "xtape/core/tensor.hpp"

// Ops that move elements without computing with them. They take every dtype; gradients flow through the floating ones.
namespace xtape {

/// The same elements in another shape, without a copy. One size may be -1: it is what the others leave. Throws a
/// ValueError when the numbers of elements differ.
Tensor reshape(const Tensor& x, const Shape& shape);
/// One axis: reshape(x, {-1}).
Tensor flatten(const Tensor& x);
/// A new axis of size 1 before `axis` (after the last one: -1).
Tensor expand_dims(const Tensor& x, int axis);
/// Without the axes of size 1, or without the given one, which must have size 1 (ValueError).
Tensor squeeze(const Tensor& x);
Tensor squeeze(const Tensor& x, int axis);

/// The axes in the order of `permutation`: axis i of the result is axis permutation[i] of x; reversed by default.
/// Throws a ValueError for what is not a permutation.
Tensor transpose(const Tensor& x);
Tensor transpose(const Tensor& x, const std::vector<int>& permutation);

/// The tensors one after another along an existing axis; all other sizes must agree (ValueError).
Tensor concat(const std::vector<Tensor>& values, int axis);
/// The tensors side by side along a new axis; their shapes must agree (ValueError).
Tensor stack(const std::vector<Tensor>& values, int axis = 0);

/// `size` elements of each axis from `begin` on (tf.slice); a size of -1 takes all that follow. A slice along axis 0
/// shares the elements. Throws an IndexError where it does not fit.
Tensor slice(const Tensor& x, const std::vector<std::int64_t>& begin, const std::vector<std::int64_t>& size);
/// The same along one axis only: x[begin : begin + size] for axis 0.
Tensor slice_axis(const Tensor& x, int axis, std::int64_t begin, std::int64_t size);

/// The slices of x along `axis` at integer indices of any shape: the axis is replaced by the indices' axes (tf.gather).
/// The gradient adds up what goes to the same index. Throws an IndexError for an index outside [0, size).
Tensor gather(const Tensor& x, const Tensor& indices, int axis = 0);

/// x repeated along axes of size 1 and new leading axes. Throws a ValueError where it does not broadcast.
Tensor broadcast_to(const Tensor& x, const Shape& shape);

}  // namespace xtape
