#pragma once

#include <cstdint>

namespace xtape::kernels {

/// A step of Lion (Chen et al., 2023), in one pass: see fused_update. T is float or double.
///   p -= rate sign(beta_1 m + (1 - beta_1) g);  m = beta_2 m + (1 - beta_2) g
/// with sign(NaN) = NaN; 1 - beta is taken in double.
template <class T>
void lion(std::int64_t n, T* p, const T* g, T* m, double rate, double beta_1, double beta_2);

}  // namespace xtape::kernels
