#include "kernels/gather_rows.hpp"

#include <cstring>

#include "kernels/parallel.hpp"

namespace xtape::kernels {

void gather_rows(std::byte* to, const std::byte* from, const std::int64_t* index, std::int64_t n,
                 std::int64_t row_bytes) {
  const std::int64_t grain = 4 * elementwise_grain / std::max<std::int64_t>(1, row_bytes);
  parallel_rows(n, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::memcpy(to + i * row_bytes, from + index[i] * row_bytes, static_cast<std::size_t>(row_bytes));
    }
  });
}

}  // namespace xtape::kernels
