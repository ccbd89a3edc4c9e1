#pragma once

#include "kernels/elementwise.hpp"
#include "xtape/base/dtype.hpp"

namespace xtape::kernels {

/// a + b for float32 and float64, with the bits of add_in_place(). For other dtypes the loop is null.
Elementwise addition(DType dtype) noexcept;

}  // namespace xtape::kernels
