#pragma once

#include <cstdint>

namespace xtape::kernels {

/// average = momentum average + (1 - momentum) value; for a momentum of 0 the average is not read.
void moving_average(std::int64_t n, float* average, const float* value, double momentum);
void moving_average(std::int64_t n, double* average, const double* value, double momentum);

}  // namespace xtape::kernels
