#pragma once

#include <cstdint>

namespace xtape::kernels {

/// The sum of x_i^2, in double. It does not depend on the number of threads.
double sum_of_squares(std::int64_t n, const float* x);
double sum_of_squares(std::int64_t n, const double* x);

/// y = factor x; y may be x.
void scale(std::int64_t n, const float* x, float factor, float* y);
void scale(std::int64_t n, const double* x, double factor, double* y);

/// y = min(max(x, -limit), limit); NaN stays NaN.
void clip(std::int64_t n, const float* x, float limit, float* y);
void clip(std::int64_t n, const double* x, double limit, double* y);

}  // namespace xtape::kernels
