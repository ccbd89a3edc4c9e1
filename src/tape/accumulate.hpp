#pragma once

#include "xtape/core/tensor.hpp"

// The differentiable ops that the backward walk itself needs.
namespace xtape::detail {

/// a + b of the same shape and dtype. When no tape records, it reuses the elements of an argument that is not shared.
Tensor accumulate(Tensor a, Tensor b);

/// Whether an array of shape `from` broadcasts to shape `to`.
bool broadcasts_to(const Shape& from, const Shape& to);

/// Sums over the axes along which a broadcast from `shape` to t's shape repeats: the gradient of broadcast_to.
Tensor sum_to(const Tensor& t, const Shape& shape);

/// Repeats along axes of size 1 and new leading axes: the gradient of sum_to. The shapes must fit.
Tensor broadcast(const Tensor& t, const Shape& shape);

}  // namespace xtape::detail
