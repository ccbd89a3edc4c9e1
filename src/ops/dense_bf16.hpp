#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// relu(x w + b), or x w + b, for x [..., k] of bfloat16 and w and b of bfloat16 or float32, checked before: w is
/// rounded, products are exact, sums, bias and relu in float32, and the result is rounded once. Gradients of float32
/// weights are float32, without having been rounded in between.
Tensor dense_bf16(const Tensor& x, const Tensor& w, const Tensor& b, bool relu);

}  // namespace xtape::detail
