#pragma once

#include "xtape/core/tensor.hpp"

// Elements along an axis by indices of their own in each row, such as those of argsort and argmax. The ops take every
// dtype; gradients flow through floating ones. Negative indices count from the end, as in NumPy. They throw an
// IndexError for an index outside the axis, a ValueError for shapes that do not fit, a TypeError for indices that are
// not integers.
namespace xtape {

/// y[i, j, k] = x[i, indices[i, j, k], k] for axis 1 of three (np.take_along_axis). x and the indices have the same
/// rank; their other axes broadcast.
Tensor take_along_axis(const Tensor& x, const Tensor& indices, int axis = -1);

/// x with y[i, indices[i, j, k], k] = values[i, j, k] for axis 1 of three (np.put_along_axis, but the result is a new
/// tensor). The indices broadcast to the other axes of x, the values to the indices. The last of several values for one
/// element counts.
Tensor put_along_axis(const Tensor& x, const Tensor& indices, const Tensor& values, int axis = -1);

}  // namespace xtape
