#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// The weights of an update with these predictions (or values). Without a mask (see get_mask): `sample_weight` as it
/// is. With one: float64 weights that are 0 where the mask leaves something out. Not recorded.
Tensor masked_weights(const Tensor& predictions, const Tensor& sample_weight);

}  // namespace xtape::detail
