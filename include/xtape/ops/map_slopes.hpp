#pragma once

#include "xtape/base/compiler.hpp"

// Derivatives that are defined once for all types: the duals of map, the vectors of the ops' kernels, and tensors, on
// which they are ops. Other derivatives are defined twice: an op divides by the denominator of its derivative, which
// rounds only once, or takes limits at infinities, while map multiplies by the derivative.
namespace xtape::elementwise::slope {

/// The derivative of y = sqrt(x), from y.
template <class V>
[[gnu::always_inline]] inline V sqrt(const V& y) {
  return V(0.5) / y;
}
/// The derivative of y = tan(x), from y.
template <class V>
[[gnu::always_inline]] inline V tan(const V& y) {
  return V(1) + y * y;
}
/// The derivative of y = tanh(x), from y. Near |y| = 1 this product cancels less than 1 - y^2.
template <class V>
[[gnu::always_inline]] inline V tanh(const V& y) {
  return (V(1) - y) * (V(1) + y);
}
/// The derivative of y = 1 / (1 + e^-x), from y.
template <class V>
[[gnu::always_inline]] inline V sigmoid(const V& y) {
  return y * (V(1) - y);
}

}  // namespace xtape::elementwise::slope
