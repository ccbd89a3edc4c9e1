#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// The weights as a float64 tensor of the shape of the values; throws a ValueError where they do not fit.
Tensor weights_for(const char* op, const Tensor& sample_weight, const Shape& values);

/// Sums in double, not recorded.
struct WeightedSum {
  double values = 0;   ///< sum(values weights)
  double weights = 0;  ///< sum(weights); without weights the number of elements
};
WeightedSum weighted_sum(const char* op, const Tensor& values, const Tensor& sample_weight);

}  // namespace xtape::detail
