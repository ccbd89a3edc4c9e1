#pragma once

#include <cstdint>

namespace xtape::kernels {

/// p -= rate g. The results of these functions do not depend on the number of threads.
void sgd(std::int64_t n, float* p, const float* g, float rate);
void sgd(std::int64_t n, double* p, const double* g, double rate);

/// m = momentum m - rate g;  p += nesterov ? momentum m - rate g : m
void sgd_momentum(std::int64_t n, float* p, const float* g, float* m, float rate, float momentum, bool nesterov);
void sgd_momentum(std::int64_t n, double* p, const double* g, double* m, double rate, double momentum, bool nesterov);

/// p -= rate sign(beta_1 m + (1 - beta_1) g);  m = beta_2 m + (1 - beta_2) g, with sign(NaN) = NaN
template <class T>
void lion(std::int64_t n, T* p, const T* g, T* m, double rate, double beta_1, double beta_2);

}  // namespace xtape::kernels
