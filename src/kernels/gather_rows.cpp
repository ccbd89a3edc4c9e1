#include "kernels/gather_rows.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/copy_short.hpp"
#include "kernels/parallel.hpp"

// Rows of a table in any order (an embedding, a shuffled batch): copies whose sources the processor cannot foresee, so
// they are prefetched some rows ahead.
namespace xtape::kernels {
namespace {

/// How far ahead rows are prefetched: 32 rows at most, 2 at least.
constexpr std::int64_t ahead_bytes = 4096;
/// Bytes of a row that are prefetched; after these the processor has seen that the row goes on.
constexpr std::int64_t max_prefetched = 4096;

void prefetch(const std::byte* row, std::int64_t bytes) {
  for (std::int64_t at = 0; at < std::min(bytes, max_prefetched); at += 64) __builtin_prefetch(row + at);
}

}  // namespace

void gather_rows(std::byte* to, const std::byte* from, const std::int64_t* index, std::int64_t n,
                 std::int64_t row_bytes) {
  const std::int64_t grain = 4 * elementwise_grain / std::max<std::int64_t>(1, row_bytes);
  const std::int64_t ahead = std::clamp<std::int64_t>(ahead_bytes / std::max<std::int64_t>(1, row_bytes), 2, 32);
  parallel_rows(n, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      if (i + ahead < end) prefetch(from + index[i + ahead] * row_bytes, row_bytes);
      if (row_bytes <= max_short_copy) {
        copy_short(to + i * row_bytes, from + index[i] * row_bytes, row_bytes);
      } else {
        std::memcpy(to + i * row_bytes, from + index[i] * row_bytes, static_cast<std::size_t>(row_bytes));
      }
    }
  });
}

}  // namespace xtape::kernels
