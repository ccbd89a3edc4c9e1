#pragma once

#include <cstdint>

namespace xtape::kernels {

/// average = momentum average + (1 - momentum) value; a momentum of 0 does not look at the average.
void moving_average(std::int64_t n, float* average, const float* value, double momentum);
void moving_average(std::int64_t n, double* average, const double* value, double momentum);

}  // namespace xtape::kernels
