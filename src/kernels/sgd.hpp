#pragma once

#include <cstdint>

namespace xtape::kernels {

/// Gradient descent: p -= rate g
void sgd(std::int64_t n, float* p, const float* g, float rate);
void sgd(std::int64_t n, double* p, const double* g, double rate);

/// Gradient descent with momentum (Sutskever et al., 2013), in Keras's form:
///   m = momentum m - rate g;  p += nesterov ? momentum m - rate g : m
void sgd_momentum(std::int64_t n, float* p, const float* g, float* m, float rate, float momentum, bool nesterov);
void sgd_momentum(std::int64_t n, double* p, const double* g, double* m, double rate, double momentum, bool nesterov);

}  // namespace xtape::kernels
