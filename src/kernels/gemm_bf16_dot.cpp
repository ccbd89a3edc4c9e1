#include "kernels/gemm_bf16_dot.hpp"

#ifdef __AVX512BF16__

#include <immintrin.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "kernels/parallel.hpp"
#include "kernels/scratch.hpp"

// Products as those of gemm.cpp, whose step is a pair of rows of b: vdpbf16ps multiplies two successive elements of a
// row of a with the two of each column of b and adds both products. Panels of b, 64 columns of some pairs of rows, are
// copied so that the two elements of a column lie side by side; the pairs of a are read where they are, unless a is
// transposed.
namespace xtape::kernels {
namespace {

/// Two bfloat16 numbers, the one with the lower index in the lower half.
using Pair = std::uint32_t;

constexpr std::int64_t lanes = 16;         ///< pairs, or sums, of a vector
constexpr std::int64_t panel = 4 * lanes;  ///< columns of a panel
constexpr std::int64_t depth = 192;        ///< pairs of rows of a panel: 48 KB, about a first-level cache
constexpr std::int64_t max_rows = 240;     ///< rows that use a copied panel; their sums are 60 KB
constexpr double work_per_thread = 524288;

Pair load_pair(const void* from) {
  Pair pair;
  std::memcpy(&pair, from, sizeof pair);
  return pair;
}

Pair pair_of(BFloat16 low, BFloat16 high) { return static_cast<Pair>(low.bits) | static_cast<Pair>(high.bits) << 16; }

__mmask16 first(std::int64_t count) { return static_cast<__mmask16>(count >= lanes ? 0xffff : (1u << count) - 1u); }

/// to[p, j] = the elements [2 p, j] and [2 p + 1, j] of `rows` rows; a row that is missing at the end is zeros. Whole
/// vectors are written: to_row is at least `columns`, rounded up.
void pair_rows(std::int64_t rows, std::int64_t columns, const BFloat16* from, std::int64_t row, Pair* to,
               std::int64_t to_row) {
  for (std::int64_t p = 0; 2 * p < rows; ++p) {
    const BFloat16 *const low = from + 2 * p * row, *const high = low + row;
    for (std::int64_t j = 0; j < columns; j += lanes) {
      const __mmask16 there = first(columns - j);
      const __m512i x = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(there, low + j));
      __m512i y = _mm512_setzero_si512();
      if (2 * p + 1 < rows) y = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(there, high + j));
      _mm512_storeu_si512(to + p * to_row + j, _mm512_or_si512(x, _mm512_slli_epi32(y, 16)));
    }
  }
}

/// The same of a matrix [columns, rows]: 16 pairs of 16 rows at a time, as 32-bit numbers by four rounds of shuffles.
void pair_columns(std::int64_t rows, std::int64_t columns, const BFloat16* from, std::int64_t row, Pair* to,
                  std::int64_t to_row) {
  const std::int64_t pairs = rows / 2;
  for (std::int64_t j = 0; j < columns; j += lanes) {
    for (std::int64_t p = 0; p < pairs; p += lanes) {
      const __mmask16 there = first(pairs - p);
      __m512i r[lanes], s[lanes];
      for (std::int64_t i = 0; i < lanes; ++i) {
        r[i] = j + i < columns ? _mm512_maskz_loadu_epi32(there, from + (j + i) * row + 2 * p) : _mm512_setzero_si512();
      }
      for (int i = 0; i < 16; i += 2) {
        s[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        s[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
      }
      for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(s[i], s[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(s[i], s[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(s[i + 1], s[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(s[i + 1], s[i + 3]);
      }
      for (int i = 0; i < 4; ++i) {
        s[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        s[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        s[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        s[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
      }
      for (int i = 0; i < 8; ++i) {
        r[i] = _mm512_shuffle_i32x4(s[i], s[i + 8], 0x88);
        r[i + 8] = _mm512_shuffle_i32x4(s[i], s[i + 8], 0xdd);
      }
      for (std::int64_t i = 0; i < std::min(lanes, pairs - p); ++i) {
        _mm512_storeu_si512(to + (p + i) * to_row + j, r[i]);
      }
    }
    if (rows % 2 == 0) continue;
    for (std::int64_t i = 0; i < lanes; ++i) {
      const BFloat16 last = j + i < columns ? from[(j + i) * row + rows - 1] : BFloat16();
      to[pairs * to_row + j + i] = pair_of(last, BFloat16());
    }
  }
}

/// Where the pairs of a are: pair [i, p] at i row + p step bytes.
struct PairsOfA {
  const std::byte* data;
  std::int64_t row;
  std::int64_t step;
  const std::byte* at(std::int64_t i, std::int64_t p) const { return data + i * row + p * step; }
};

/// sums += a b, or = a b, for a tile whose sums stay in registers.
template <int rows, int vectors>
void multiply_tile(std::int64_t pairs, const std::byte* a, std::int64_t a_row, std::int64_t a_step, const Pair* b,
                   float* sums, bool add) {
  __m512 sum[rows][vectors];
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < vectors; ++j) {
      sum[i][j] = add ? _mm512_loadu_ps(sums + i * panel + j * lanes) : _mm512_setzero_ps();
    }
  }
  const std::byte* a3 = a + 3 * a_row;
  for (; pairs > 0; --pairs) {
    __m512i row[vectors];
#pragma GCC unroll 8
    for (int j = 0; j < vectors; ++j) row[j] = _mm512_loadu_si512(b + j * lanes);
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      const __m512i element =
          _mm512_set1_epi32(static_cast<int>(load_pair(i < 3 ? a + i * a_row : a3 + (i - 3) * a_row)));
#pragma GCC unroll 8
      for (int j = 0; j < vectors; ++j) {
        sum[i][j] = _mm512_dpbf16_ps(sum[i][j], (__m512bh)element, (__m512bh)row[j]);
      }
    }
    a += a_step;
    a3 += a_step;
    b += panel;
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < vectors; ++j) _mm512_storeu_ps(sums + i * panel + j * lanes, sum[i][j]);
  }
}

template <int vectors>
void multiply_rows(std::int64_t m, std::int64_t pairs, PairsOfA a, std::int64_t p, const Pair* b, float* sums,
                   bool add) {
  std::int64_t i = 0;
  const auto tiles = [&]<int rows>() {
    for (; m - i >= rows; i += rows) {
      multiply_tile<rows, vectors>(pairs, a.at(i, p), a.row, a.step, b, sums + i * panel, add);
    }
  };
  tiles.template operator()<6>();
  tiles.template operator()<3>();
  tiles.template operator()<1>();
}

/// Bias, relu and rounding, from the sums to c.
void finish(const Bf16Product& g, std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns,
            const float* sums) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; j += lanes) {
      const __mmask16 there = first(columns - j);
      __m512 value = _mm512_loadu_ps(sums + i * panel + j);
      if (g.bias != nullptr) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(there, g.bias + column + j));
      if (g.relu) value = _mm512_max_ps(_mm512_setzero_ps(), value);  // the second where one is NaN
      const std::int64_t place = (row + i) * g.ldc + column + j;
      if (g.c_float) {
        _mm512_mask_storeu_ps(static_cast<float*>(g.c) + place, there, value);
      } else {
        _mm256_mask_storeu_epi16(static_cast<BFloat16*>(g.c) + place, there, (__m256i)_mm512_cvtneps_pbh(value));
      }
    }
  }
}

void multiply_block(const Bf16Product& g, PairsOfA a, std::int64_t row, std::int64_t rows, std::int64_t column,
                    std::int64_t columns) {
  alignas(64) Pair b[depth * panel];
  alignas(64) float sums[max_rows * panel];
  const std::int64_t vectors = (columns + lanes - 1) / lanes;
  a.data = a.at(row, 0);
  for (std::int64_t p = 0; 2 * p < g.k; p += depth) {
    const std::int64_t inner = std::min(2 * depth, g.k - 2 * p), pairs = (inner + 1) / 2;
    if (g.trans_b) {
      pair_columns(inner, columns, g.b + column * g.ldb + 2 * p, g.ldb, b, panel);
    } else {
      pair_rows(inner, columns, g.b + 2 * p * g.ldb + column, g.ldb, b, panel);
    }
    const auto multiply = vectors == 1   ? multiply_rows<1>
                          : vectors == 2 ? multiply_rows<2>
                          : vectors == 3 ? multiply_rows<3>
                                         : multiply_rows<4>;
    multiply(rows, pairs, a, p, b, sums, p > 0);
  }
  finish(g, row, rows, column, columns, sums);
}

/// The pairs of a, in `room` where they are not pairs already: a is transposed, or has a row of odd length.
PairsOfA pairs_of_a(const Bf16Product& g, Pair* room) {
  const std::int64_t pairs = (g.k + 1) / 2, step = sizeof(Pair);
  if (!g.trans_a && room == nullptr) {
    return {reinterpret_cast<const std::byte*>(g.a), g.lda * std::int64_t{sizeof(BFloat16)}, step};
  }
  if (g.trans_a) {
    const std::int64_t columns = (g.m + lanes - 1) / lanes * lanes;
    parallel_rows(pairs, elementwise_grain / g.m + 1, [&](std::int64_t begin, std::int64_t end) {
      pair_rows(std::min(g.k, 2 * end) - 2 * begin, g.m, g.a + 2 * begin * g.lda, g.lda, room + begin * columns,
                columns);
    });
    return {reinterpret_cast<const std::byte*>(room), step, columns * step};
  }
  for (std::int64_t i = 0; i < g.m; ++i) {
    const BFloat16* const from = g.a + i * g.lda;
    std::memcpy(room + i * pairs, from, static_cast<std::size_t>(g.k) * sizeof *from);
    room[(i + 1) * pairs - 1] = pair_of(from[g.k - 1], BFloat16());
  }
  return {reinterpret_cast<const std::byte*>(room), pairs * step, step};
}

}  // namespace

bool has_dot_gemm() noexcept { return true; }

bool dot_gemm(const Bf16Product& g) {
  const std::int64_t pairs = (g.k + 1) / 2, row_blocks = (g.m + max_rows - 1) / max_rows,
                     panels = (g.n + panel - 1) / panel;
  const std::int64_t in_room = g.trans_a ? (g.m + lanes - 1) / lanes * lanes : g.k % 2 != 0 ? g.m : 0;
  const Scratch room(static_cast<std::size_t>(in_room * pairs) * sizeof(Pair));
  const PairsOfA a = pairs_of_a(g, static_cast<Pair*>(room.data()));
  const auto block = [&](std::int64_t i) {
    const std::int64_t row = i / panels * max_rows, column = i % panels * panel;
    multiply_block(g, a, row, std::min(max_rows, g.m - row), column, std::min(panel, g.n - column));
  };
  const double work = static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
  if (row_blocks * panels > 1 && work >= 2 * work_per_thread && may_share()) {
    share_calls(row_blocks * panels, static_cast<std::int64_t>(work / work_per_thread), block);
  } else {
    for (std::int64_t i = 0; i < row_blocks * panels; ++i) block(i);
  }
  return true;
}

}  // namespace xtape::kernels

#else

namespace xtape::kernels {

bool has_dot_gemm() noexcept { return false; }
bool dot_gemm(const Bf16Product&) { return false; }

}  // namespace xtape::kernels

#endif
