#pragma once

#include <cstdint>

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

/// The differences of neighbours along an axis, x[i + 1] - x[i], n times over (np.diff): an axis of size m becomes one
/// of size max(m - n, 0). Throws a ValueError for n < 0, a TypeError for bool.
Tensor diff(const Tensor& x, std::int64_t n = 1, int axis = -1);

}  // namespace xtape
