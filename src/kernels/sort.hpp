#pragma once

#include <cstdint>

#include "xtape/base/dtype.hpp"

// Sorting of the rows of [rows, n]. NaN is larger than everything else; equal elements keep their order.
namespace xtape::kernels {

/// The first k elements of each row in order, and their positions: values [rows, k] and indices [rows, k], either of
/// which may be null. Not for bool or bfloat16.
void sort_rows(DType dtype, const void* in, void* values, std::int64_t* indices, std::int64_t rows, std::int64_t n,
               std::int64_t k, bool descending);

/// out[r, i] = in[r, index[r, i]] of [rows, n] and k indices each row.
void take_in_rows(DType dtype, const void* in, const std::int64_t* index, void* out, std::int64_t rows, std::int64_t n,
                  std::int64_t k);
/// out[r, index[r, i]] = in[r, i], and 0 elsewhere; out is [rows, n].
void put_in_rows(DType dtype, const void* in, const std::int64_t* index, void* out, std::int64_t rows, std::int64_t n,
                 std::int64_t k);

}  // namespace xtape::kernels
