#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape {

/// Keyword arguments of cumsum and cumprod.
struct ScanOptions {
  bool exclusive = false;  ///< each result is of what comes before the element, without itself
  bool reverse = false;    ///< from the end of the axis
};

/// The sums of the elements up to each one along an axis (tf.math.cumsum): of [a, b, c] [a, a + b, a + b + c];
/// exclusive: [0, a, a + b]; reverse: [a + b + c, b + c, c]; both: [b + c, c, 0]. Throws a TypeError for bool, an
/// IndexError for an axis outside the rank.
Tensor cumsum(const Tensor& x, int axis = 0, const ScanOptions& options = {});
/// The products likewise, 1 being of no elements (tf.math.cumprod). The gradient is right where elements are zero.
Tensor cumprod(const Tensor& x, int axis = 0, const ScanOptions& options = {});

}  // namespace xtape
