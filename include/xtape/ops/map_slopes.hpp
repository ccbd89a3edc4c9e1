#pragma once

// Derivatives that are stated once for every kind of number: the duals of map, the vectors of elements of the ops'
// kernels, and tensors, on which they are ops. Others differ: where an op divides by the denominator of its derivative
// and so rounds once, or takes limits at infinities, map multiplies by it.
namespace xtape::elementwise::slope {

/// Of y = sqrt(x), from y.
template <class V>
[[gnu::always_inline]] inline V sqrt(const V& y) {
  return V(0.5) / y;
}
/// Of y = tan(x), from y.
template <class V>
[[gnu::always_inline]] inline V tan(const V& y) {
  return V(1) + y * y;
}
/// Of y = tanh(x), from y: this product cancels less than 1 - y^2 near the ends.
template <class V>
[[gnu::always_inline]] inline V tanh(const V& y) {
  return (V(1) - y) * (V(1) + y);
}
/// Of y = 1 / (1 + e^-x), from y.
template <class V>
[[gnu::always_inline]] inline V sigmoid(const V& y) {
  return y * (V(1) - y);
}

}  // namespace xtape::elementwise::slope
