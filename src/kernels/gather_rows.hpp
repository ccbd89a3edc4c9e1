#pragma once

#include <cstddef>
#include <cstdint>

namespace xtape::kernels {

/// Row i of `to` becomes row index[i] of `from`, for 0 <= i < n: copies of `row_bytes` bytes. The indices must be in
/// range.
void gather_rows(std::byte* to, const std::byte* from, const std::int64_t* index, std::int64_t n,
                 std::int64_t row_bytes);

}  // namespace xtape::kernels
