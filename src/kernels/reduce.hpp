#pragma once

#include <cstdint>

#include "xtape/base/dtype.hpp"

// Reductions of an array [outer, count, inner] over its middle axis to [outer, inner]. Sums are made of blocks whose
// partial results are combined in a fixed order: accurate to a few units in the last place at any length, and the same
// for any number of threads. count may be 0 where there is a neutral element (sum 0, product 1).
namespace xtape::kernels {

void reduce_sum(DType dtype, const void* in, void* out, std::int64_t outer, std::int64_t count, std::int64_t inner);
void reduce_prod(DType dtype, const void* in, void* out, std::int64_t outer, std::int64_t count, std::int64_t inner);
/// sqrt(sum(x^2)) of float32 or float64, without overflow or underflow of the squares on the way.
void reduce_norm(DType dtype, const void* in, void* out, std::int64_t outer, std::int64_t count, std::int64_t inner);
/// A NaN among the elements is the result.
void reduce_max(DType dtype, const void* in, void* out, std::int64_t outer, std::int64_t count, std::int64_t inner);
void reduce_min(DType dtype, const void* in, void* out, std::int64_t outer, std::int64_t count, std::int64_t inner);

/// The index of the first largest (smallest) element; a NaN counts as the largest (smallest), as in NumPy.
void reduce_argmax(DType dtype, const void* in, std::int64_t* out, std::int64_t outer, std::int64_t count,
                   std::int64_t inner);
void reduce_argmin(DType dtype, const void* in, std::int64_t* out, std::int64_t outer, std::int64_t count,
                   std::int64_t inner);

}  // namespace xtape::kernels
