#pragma once

#include <string>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/ops/reduce.hpp"

// Statistics by the order of elements, of floating tensors; axes and keepdims are as in reduce.hpp. NaN among the
// elements gives NaN. Gradients go to the elements that the result is made of. A reduction without elements is a
// ValueError.
namespace xtape {

/// Keyword arguments of quantile.
struct QuantileOptions {
  /// The result where q (n - 1) lies between two ranks: "linear": interpolated; "lower", "higher": the one; "nearest":
  /// the nearer one, of two equally near ones the even rank; "midpoint": the mean of both.
  std::string method = "linear";

  XTAPE_FIELDS(method)
};
/// The number below which the part q of the elements lies: of n sorted elements that of rank q (n - 1), from 0 on
/// (np.quantile, keras.ops.quantile). A tensor q puts its axes in front of the result's; it has x's dtype or is a plain
/// number. Its gradient is that of "linear". Throws a ValueError for a q outside [0, 1] and another method.
Tensor quantile(const Tensor& x, const Tensor& q, const Axes& axes = {}, const QuantileOptions& options = {},
                bool keepdims = false);
/// quantile() of q = 0.5: the element in the middle, or the mean of the two in the middle.
Tensor median(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// The largest element minus the smallest one (np.ptp), of integers too.
Tensor ptp(const Tensor& x, const Axes& axes = {}, bool keepdims = false);

}  // namespace xtape
