#pragma once

#include "xtape/base/shape.hpp"

namespace xtape::detail {

/// The number of elements. Throws a ValueError for negative sizes, and for sizes whose product does not fit even where
/// one of them is 0: whatever is multiplied of a tensor's sizes then fits, as in NumPy.
std::int64_t checked_numel(const char* op, const Shape& shape);

}  // namespace xtape::detail
