#pragma once

#include <utility>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::constraints {

// Family: bounds on the norms |w| of weight vectors, with the 2-norm over `axis` (keras.constraints). Use axis 0 for
// the kernel [in, units] of a Dense layer, so that a vector holds the weights of one unit, and {0, 1, 2} for that of a
// Conv2D layer. As in Keras, 1e-7 is added to the divisor, so the new norms are slightly below the exact ones.

/// w min(|w|, max_value) / (|w| + 1e-7)
struct MaxNorm {
  double max_value = 2;
  Axes axis = 0;

  Tensor operator()(const Tensor& w) const;
  XTAPE_FIELDS(max_value, axis)
};

/// w / (|w| + 1e-7)
struct UnitNorm {
  Axes axis = 0;

  Tensor operator()(const Tensor& w) const;
  XTAPE_FIELDS(axis)
};

/// w d / (|w| + 1e-7) with d = rate clip(|w|, min_value, max_value) + (1 - rate) |w|: with a rate below 1 each step
/// moves the norm only by this fraction of its distance to the bounds.
struct MinMaxNorm {
  double min_value = 0;
  double max_value = 1;
  double rate = 1;
  Axes axis = 0;

  Tensor operator()(const Tensor& w) const;
  XTAPE_FIELDS(min_value, max_value, rate, axis)
};

/// The same in the form of functions, as Keras has them: `constraints::max_norm(2)`.
inline MaxNorm max_norm(double max_value = 2, Axes axis = 0) {
  return {.max_value = max_value, .axis = std::move(axis)};
}
inline UnitNorm unit_norm(Axes axis = 0) { return {.axis = std::move(axis)}; }
inline MinMaxNorm min_max_norm(double min_value = 0, double max_value = 1, double rate = 1, Axes axis = 0) {
  return {.min_value = min_value, .max_value = max_value, .rate = rate, .axis = std::move(axis)};
}

}  // namespace xtape::constraints
