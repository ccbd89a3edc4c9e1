#pragma once

#include "xtape/base/shape.hpp"

namespace xtape::detail {

/// The number of elements. Throws a ValueError for negative sizes, and if the product of the nonzero sizes overflows.
/// As in NumPy, any product of some sizes of a tensor then fits, even if another size is 0.
std::int64_t checked_numel(const char* op, const Shape& shape);

}  // namespace xtape::detail
