#pragma once

#include "xtape/core/tensor.hpp"

// The two differentiable ops that the backward walk itself needs, and their inverses.
namespace xtape::detail {

/// a + b of one shape and dtype; reuses the elements of an argument that nobody else holds when no tape records.
Tensor accumulate(Tensor a, Tensor b);

/// Whether an array of shape `from` broadcasts to shape `to`.
bool broadcasts_to(const Shape& from, const Shape& to);

/// Sums over the axes that a broadcast from `shape` to t's shape made: the gradient of broadcast_to.
Tensor sum_to(const Tensor& t, const Shape& shape);

/// Repeats along axes of size 1 and new leading axes: the gradient of sum_to. The shapes must fit.
Tensor broadcast(const Tensor& t, const Shape& shape);

}  // namespace xtape::detail
