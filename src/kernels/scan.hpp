#pragma once

#include <cstdint>

#include "xtape/base/dtype.hpp"

// Scans of arrays [outer, count, inner] along the middle axis, from its end with `reverse`.
namespace xtape::kernels {

struct ScanLayout {
  std::int64_t outer, count, inner;
  bool reverse;
};

/// out_i = in_0 + ... + in_i, without in_i if exclusive. Integers wrap around; long sums of float32 are kept in double.
/// Not for bool or bfloat16.
void cumulative_sum(DType dtype, const void* in, void* out, const ScanLayout& layout, bool exclusive);
/// out_i = in_0 ... in_i (the product), with the same rules.
void cumulative_product(DType dtype, const void* in, void* out, const ScanLayout& layout, bool exclusive);
/// out_i = b_i + a_i out_(i-1), out_(-1) being 0. T is float or double.
template <class T>
void linear_recurrence(const T* a, const T* b, T* out, const ScanLayout& layout);

}  // namespace xtape::kernels
