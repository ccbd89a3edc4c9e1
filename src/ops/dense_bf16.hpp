#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// relu(x w + b), or x w + b without relu, for x [..., k] in bfloat16 and w and b in bfloat16 or float32, which the
/// caller has checked. w is rounded to bfloat16; products are exact; sums, bias and relu are computed in float32; the
/// result is rounded once. Gradients of float32 weights are computed in float32 without rounding to bfloat16.
Tensor dense_bf16(const Tensor& x, const Tensor& w, const Tensor& b, bool relu);

}  // namespace xtape::detail
