#pragma once

#include <span>

#include "xtape/core/tensor.hpp"

namespace xtape::integrate {

/// c_0 x_0 + c_1 x_1 + ... for tensors of one shape and dtype, float32 or float64, in one pass. Terms with a factor of
/// 0 are left out.
Tensor combination(std::span<const Tensor> xs, std::span<const double> factors);

}  // namespace xtape::integrate
