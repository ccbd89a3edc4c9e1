#pragma once

#include <cstdint>

namespace xtape::kernels {

/// out[r] = the mean of (a - b)^2 over row r of [rows, n].
void mean_squared_error(const float* a, const float* b, float* out, std::int64_t rows, std::int64_t n);
void mean_squared_error(const double* a, const double* b, double* out, std::int64_t rows, std::int64_t n);

}  // namespace xtape::kernels
