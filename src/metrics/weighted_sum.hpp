#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// Weights as float64 tensor of the shape of the values they are for; throws a ValueError where they do not fit.
Tensor weights_for(const char* op, const Tensor& sample_weight, const Shape& values);

/// Sums in double, not recorded.
struct WeightedSum {
  double values = 0;   ///< sum(values weights)
  double weights = 0;  ///< sum(weights): the number of elements where there are none
};
WeightedSum weighted_sum(const char* op, const Tensor& values, const Tensor& sample_weight);

}  // namespace xtape::detail
