#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// The weights of an update with these predictions (or values): those given, or none, without a mask; with one (see
/// get_mask) they are 0 where it leaves something out, in float64. Not recorded.
Tensor masked_weights(const Tensor& predictions, const Tensor& sample_weight);

}  // namespace xtape::detail
