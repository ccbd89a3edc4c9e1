#include "kernels/relu_grad_bf16.hpp"

#include <algorithm>
#include <bit>

#include "kernels/parallel.hpp"
#include "kernels/scratch.hpp"

// dz = dy where y > 0, else 0, and db = the sum of dz over the rows, in one pass: both arrays are read once. Sums are
// float32 within blocks of 64 rows, and the blocks are added in their order, whatever the number of threads.
namespace xtape::kernels {
namespace {

/// Rows of a block.
constexpr std::int64_t block = 64;

float wide(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

/// Adds `count` rows to the sums at once, which spares loads and stores of the sums.
template <int count, bool relu>
void add_rows(std::int64_t n, const BFloat16* __restrict dy, const BFloat16* __restrict y, BFloat16* __restrict dz,
              float* __restrict sum) {
  for (std::int64_t j = 0; j < n; ++j) {
    float total = sum[j];
#pragma GCC unroll 4
    for (int i = 0; i < count; ++i) {
      std::uint16_t bits = dy[i * n + j].bits;
      if constexpr (relu) {
        // y > 0 as a comparison of whole numbers, of which the compiler makes vectors: less 1, the bits of positive
        // numbers are 0 to 0x7f7f; those of 0 wrap around, those of negative numbers and of NaN are larger anyway.
        const auto v = static_cast<std::uint16_t>(y[i * n + j].bits - 1);
        bits = v < 0x7f80 ? bits : std::uint16_t{0};
        dz[i * n + j].bits = bits;
      }
      total += wide(bits);
    }
    sum[j] = total;
  }
}

template <bool relu>
void run(std::int64_t rows, std::int64_t n, const BFloat16* dy, const BFloat16* y, BFloat16* dz, float* db) {
  const std::int64_t blocks = (rows + block - 1) / block;
  const Scratch scratch(static_cast<std::size_t>(blocks * n) * sizeof(float));
  float* const sums = static_cast<float*>(scratch.data());
  parallel_rows(blocks, elementwise_grain / (block * n) + 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      float* const sum = sums + b * n;
      std::fill_n(sum, n, 0.0f);
      std::int64_t i = b * block;
      const std::int64_t last = std::min(rows, i + block);
      const auto from = [&](const BFloat16* p) { return relu ? p + i * n : nullptr; };
      for (; i + 4 <= last; i += 4) add_rows<4, relu>(n, dy + i * n, from(y), const_cast<BFloat16*>(from(dz)), sum);
      for (; i < last; ++i) add_rows<1, relu>(n, dy + i * n, from(y), const_cast<BFloat16*>(from(dz)), sum);
    }
  });
  if (db == nullptr) return;
  std::fill_n(db, n, 0.0f);
  for (std::int64_t b = 0; b < blocks; ++b) {
    for (std::int64_t j = 0; j < n; ++j) db[j] += sums[b * n + j];
  }
}

}  // namespace

void relu_bias_grad(std::int64_t rows, std::int64_t n, const BFloat16* dy, const BFloat16* y, BFloat16* dz, float* db) {
  if (y != nullptr) {
    run<true>(rows, n, dy, y, dz, db);
  } else {
    run<false>(rows, n, dy, nullptr, nullptr, db);
  }
}

}  // namespace xtape::kernels
