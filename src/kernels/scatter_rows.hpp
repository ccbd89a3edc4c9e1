#pragma once

#include <cstdint>

#include "xtape/base/dtype.hpp"

namespace xtape::kernels {

/// Row index[i] of `to` += row i of `from`, for i = 0, ..., n - 1: rows of `width` elements. The indices must be in
/// [0, rows). Where many rows are added to one row of float32 or bfloat16, their sum is kept in double. The result does
/// not depend on the number of threads.
void scatter_add_rows(DType dtype, void* to, std::int64_t rows, const void* from, const std::int64_t* index,
                      std::int64_t n, std::int64_t width);

}  // namespace xtape::kernels
