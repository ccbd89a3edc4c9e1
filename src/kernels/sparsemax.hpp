#pragma once

#include <cstdint>

// Sparsemax of the rows of [rows, n] (Martins, Astudillo, 2016): y = max(x - t, 0), where t is such that a row of y
// adds up to 1. t is found by Newton's method on that sum, which is convex and piecewise linear in t: from max(x) - 1,
// where it is at least 1, each step leaves out the elements that are not larger than the next t, until there are none.
namespace xtape::kernels {

/// A row with NaN becomes NaN. Elements of +inf, or in a row of only -inf those, have equal shares.
template <class T>
void sparsemax(const T* x, T* y, std::int64_t rows, std::int64_t n);
/// The gradient for x: dy - mean(dy) of the elements where y > 0, 0 elsewhere.
template <class T>
void sparsemax_grad(const T* dy, const T* y, T* dx, std::int64_t rows, std::int64_t n);

}  // namespace xtape::kernels
