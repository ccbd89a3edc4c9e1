#pragma once

#include <cstdint>

#include "xtape/base/dtype.hpp"

namespace xtape::kernels {

/// a += b, or a -= b, element by element, in place.
void add_in_place(DType dtype, void* a, const void* b, std::int64_t n, bool subtract);

/// a += 0 over all of n elements: -0 becomes 0.
void add_zero_in_place(DType dtype, void* a, std::int64_t n);

}  // namespace xtape::kernels
