#pragma once

#include <cstdint>

#include "xtape/base/dtype.hpp"

namespace xtape::kernels {

/// The gradients of a Dense layer's activation and bias in one pass over its rows [rows, n]: dz = dy where y > 0, else
/// 0, and db_j = sum_i dz_ij in float32. Without an activation y and dz are null, and dz is dy; db may be null. Sums do
/// not depend on the number of threads.
void relu_bias_grad(std::int64_t rows, std::int64_t n, const BFloat16* dy, const BFloat16* y, BFloat16* dz, float* db);

}  // namespace xtape::kernels
