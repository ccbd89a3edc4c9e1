#pragma once

#include "kernels/gemm_tile.hpp"

namespace xtape::kernels::tile {

#if XSIMD_WITH_AVX512F
/// Four consecutive elements of each of sixteen rows, transposed: four vectors of sixteen. Rows i, i + 4, i + 8 and
/// i + 12 share a register, so that a 4 x 4 transpose within its 128-bit lanes leaves the sixteen in order.
template <class Row>
inline void transpose_block(const Row& row, float* to, std::int64_t to_row) {
  __m512 r[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    r[i] = _mm512_castps128_ps512(_mm_loadu_ps(row(i)));
    r[i] = _mm512_insertf32x4(r[i], _mm_loadu_ps(row(i + 4)), 1);
    r[i] = _mm512_insertf32x4(r[i], _mm_loadu_ps(row(i + 8)), 2);
    r[i] = _mm512_insertf32x4(r[i], _mm_loadu_ps(row(i + 12)), 3);
  }
  const __m512d low01 = _mm512_castps_pd(_mm512_unpacklo_ps(r[0], r[1]));
  const __m512d low23 = _mm512_castps_pd(_mm512_unpacklo_ps(r[2], r[3]));
  const __m512d high01 = _mm512_castps_pd(_mm512_unpackhi_ps(r[0], r[1]));
  const __m512d high23 = _mm512_castps_pd(_mm512_unpackhi_ps(r[2], r[3]));
  _mm512_storeu_ps(to, _mm512_castpd_ps(_mm512_unpacklo_pd(low01, low23)));
  _mm512_storeu_ps(to + to_row, _mm512_castpd_ps(_mm512_unpackhi_pd(low01, low23)));
  _mm512_storeu_ps(to + 2 * to_row, _mm512_castpd_ps(_mm512_unpacklo_pd(high01, high23)));
  _mm512_storeu_ps(to + 3 * to_row, _mm512_castpd_ps(_mm512_unpackhi_pd(high01, high23)));
}

/// The same for two consecutive elements of each of eight rows.
template <class Row>
inline void transpose_block(const Row& row, double* to, std::int64_t to_row) {
  __m512d r[2];
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    r[i] = _mm512_castpd128_pd512(_mm_loadu_pd(row(i)));
    r[i] = _mm512_insertf64x2(r[i], _mm_loadu_pd(row(i + 2)), 1);
    r[i] = _mm512_insertf64x2(r[i], _mm_loadu_pd(row(i + 4)), 2);
    r[i] = _mm512_insertf64x2(r[i], _mm_loadu_pd(row(i + 6)), 3);
  }
  _mm512_storeu_pd(to, _mm512_unpacklo_pd(r[0], r[1]));
  _mm512_storeu_pd(to + to_row, _mm512_unpackhi_pd(r[0], r[1]));
}
#endif

/// to[p * to_row + j] = from[j * from_row + p] for k x n. Columns up to the next full vector may be written too.
template <class T>
void transpose(std::int64_t k, std::int64_t n, const T* from, std::int64_t from_row, T* to, std::int64_t to_row) {
  for (std::int64_t j = 0; j < n; j += width<T>) {
    const std::int64_t columns = std::min(width<T>, n - j);
    std::int64_t p = 0;
#if XSIMD_WITH_AVX512F
    constexpr std::int64_t step = 16 / sizeof(T);
    for (; p + step <= k; p += step) {
      // Rows after the last one repeat it.
      const auto row = [&](std::int64_t i) { return from + std::min(j + i, n - 1) * from_row + p; };
      transpose_block(row, to + p * to_row + j, to_row);
    }
#endif
    for (; p < k; ++p) {
      for (std::int64_t i = 0; i < columns; ++i) to[p * to_row + j + i] = from[(j + i) * from_row + p];
    }
  }
}

/// to[p * to_row + j] = from[p * from_row + j] for k x n, and zeros up to the next full vector.
template <class T>
void pad(std::int64_t k, std::int64_t n, const T* from, std::int64_t from_row, T* to, std::int64_t to_row) {
  const std::int64_t padded = (n + width<T> - 1) / width<T> * width<T>;
  for (std::int64_t p = 0; p < k; ++p) {
    for (std::int64_t j = 0; j < n; ++j) to[p * to_row + j] = from[p * from_row + j];
    for (std::int64_t j = n; j < padded; ++j) to[p * to_row + j] = T(0);
  }
}

}  // namespace xtape::kernels::tile
