#pragma once

#include "xtape/core/tensor.hpp"
#include "xtape/ops/reduce.hpp"

// Reductions of floating tensors that leave NaN out, as NumPy's; axes and keepdims are as in reduce.hpp. NaN has no
// gradient. Where all elements are NaN, or there are none, the sum is 0, the product 1, the others NaN.
namespace xtape {

/// The sum, the product and the mean of the elements.
Tensor nansum(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor nanprod(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor nanmean(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// The largest (smallest) element. Throws a ValueError for an axis of size 0.
Tensor nanmax(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor nanmin(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// The mean of the squared distances from nanmean, as reduce_variance, and its square root, as reduce_std.
Tensor nanvar(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor nanstd(const Tensor& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xtape
