#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// x as int64. Throws a ValueError for a floating element that is NaN, infinite or not whole, since a conversion would
/// change it. The text calls an element `what`.
Tensor whole_numbers(const char* op, const char* what, const Tensor& x);

}  // namespace xtape::detail
