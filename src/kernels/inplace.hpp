#pragma once

#include <cstdint>

#include "xtape/core/dtype.hpp"

namespace xtape::kernels {

/// a += b, or a -= b, element by element, in place.
void add_in_place(DType dtype, void* a, const void* b, std::int64_t n, bool subtract);

}  // namespace xtape::kernels
