#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// x as int64. Throws a ValueError that calls an element `what` where a floating one is NaN, infinite or not whole: a
/// conversion would make another number of it.
Tensor whole_numbers(const char* op, const char* what, const Tensor& x);

}  // namespace xtape::detail
