#pragma once

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/ops/reduce.hpp"

// Statistics of several variables, and with weights, of floating tensors.
namespace xtape {

/// Keyword arguments of cov.
struct CovOptions {
  bool rowvar = true;  ///< each row is a variable, otherwise each column
  int ddof = 1;        ///< the sums are divided by the number of observations minus this

  XTAPE_FIELDS(rowvar, ddof)
};
/// The covariances of variables [variables, observations] -> [variables, variables], or the variance of one,
/// [observations] -> [] (np.cov). Throws a ValueError for a rank above 2 or of 0.
Tensor cov(const Tensor& x, const CovOptions& options = {});
/// Their correlations, the covariances divided by both standard deviations (np.corrcoef); NaN for a constant variable.
Tensor corrcoef(const Tensor& x);

/// The mean of elements with weights, sum(w x) / sum(w) (np.average). The weights have the shape of x or, for one axis,
/// are a vector along it; without weights it is reduce_mean. Gradients flow to both. Throws a ValueError for weights of
/// another shape, a TypeError for another dtype.
Tensor average(const Tensor& x, const Axes& axes = {}, const Tensor& weights = {}, bool keepdims = false);

}  // namespace xtape
