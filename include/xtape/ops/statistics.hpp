#pragma once

#include <string>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/ops/reduce.hpp"

// Further reductions of floating tensors; axes, keepdims and their errors are as in reduce.hpp.
namespace xtape {

/// log(sum(e^x)), computed from x - max(x) so that nothing overflows. It is -inf without elements or if all are -inf;
/// there the gradient is 0. It is +inf if an element is.
Tensor reduce_logsumexp(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// The mean of (x - mean(x))^2, as tf.math.reduce_variance (no correction); NaN without elements.
Tensor reduce_variance(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// The square root of reduce_variance. Where it is 0 the gradient is 0, as in PyTorch.
Tensor reduce_std(const Tensor& x, const Axes& axes = {}, bool keepdims = false);

/// Which norm: a positive number, infinity, or TensorFlow's "euclidean" or "fro", which both are 2. Throws a ValueError
/// for others.
class NormOrder {
 public:
  NormOrder(double order);
  NormOrder(const char* name);
  double value() const noexcept { return order_; }
  double config() const noexcept { return order_; }

 private:
  double order_;
};

/// Keyword arguments of norm.
struct NormOptions {
  NormOrder ord = 2;

  XTAPE_FIELDS(ord)
};

/// The norm of x as a vector, over all axes or over each of the given ones together: (sum |x|^ord)^(1 / ord), or max
/// |x| for infinity. 0 without elements. The gradient at x = 0 is 0. Over two axes it is still the vector norm; for
/// matrices see linalg::matrix_norm.
Tensor norm(const Tensor& x, const NormOptions& options = {}, const Axes& axes = {}, bool keepdims = false);

}  // namespace xtape
