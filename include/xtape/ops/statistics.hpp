#pragma once

#include <string>

#include "xtape/core/tensor.hpp"
#include "xtape/ops/reduce.hpp"

// Reductions of floating tensors that are more than a sum; axes, keepdims and their errors are as in reduce.hpp.
namespace xtape {

/// log(sum(e^x)), from x - max(x) so that nothing overflows; -inf of no elements or of only -inf, where the gradient is
/// 0; +inf if one is.
Tensor reduce_logsumexp(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// The mean of (x - mean(x))^2, as tf.math.reduce_variance (no correction); NaN of no elements.
Tensor reduce_variance(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// The square root of reduce_variance. The gradient is 0 where it is 0, as in PyTorch.
Tensor reduce_std(const Tensor& x, const Axes& axes = {}, bool keepdims = false);

/// Which norm: a positive number, infinity, or TensorFlow's "euclidean" or "fro", which both are 2. Throws a ValueError
/// for others.
class NormOrder {
 public:
  NormOrder(double order);
  NormOrder(const char* name);
  double value() const noexcept { return order_; }

 private:
  double order_;
};

/// Keyword arguments of norm.
struct NormOptions {
  NormOrder ord = 2;
};

/// The norm of x as a vector, over all axes or over each of the given ones together: (sum |x|^ord)^(1 / ord), or
/// max |x| for infinity. 0 of no elements. The gradient at x = 0 is 0. Over two axes too this is not a matrix norm.
Tensor norm(const Tensor& x, const NormOptions& options = {}, const Axes& axes = {}, bool keepdims = false);

}  // namespace xtape
