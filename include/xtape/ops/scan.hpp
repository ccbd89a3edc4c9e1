#pragma once

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape {

/// Keyword arguments of cumsum and cumprod.
struct ScanOptions {
  bool exclusive = false;  ///< each result is over the elements before it, without itself
  bool reverse = false;    ///< from the end of the axis

  XTAPE_FIELDS(exclusive, reverse)
};

/// The cumulative sums along an axis (tf.math.cumsum): [a, b, c] gives [a, a + b, a + b + c]; exclusive: [0, a, a + b];
/// reverse: [a + b + c, b + c, c]; both: [b + c, c, 0]. Throws a TypeError for bool, an IndexError for an axis outside
/// the rank.
Tensor cumsum(const Tensor& x, int axis = 0, const ScanOptions& options = {});
/// The cumulative products (tf.math.cumprod); the product of no elements is 1. The gradient is also right if elements
/// are zero.
Tensor cumprod(const Tensor& x, int axis = 0, const ScanOptions& options = {});

}  // namespace xtape
