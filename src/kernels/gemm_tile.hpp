#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <xsimd/xsimd.hpp>

#include "kernels/few.hpp"
#include "kernels/simd.hpp"

// The inner kernel of gemm(): a tile of c, some rows by some vectors, whose sums stay in registers while it goes down a
// panel of b. Each step loads one row of b and one element of a for each row of the tile.
namespace xtape::kernels::tile {

template <class T>
using Vec = xsimd::batch<T>;

/// Elements of a vector.
template <class T>
inline constexpr std::int64_t width = Vec<T>::size;

/// Vectors of the widest tile. With 32 registers four, with 16 three.
#if XSIMD_WITH_AVX512F || XSIMD_WITH_NEON64
inline constexpr int max_vectors = 4;
#else
inline constexpr int max_vectors = 3;
#endif

// Rows and vectors of a tile are unrolled, which is what keeps the sums in registers. Not so under AddressSanitizer,
// whose checks of every access would take minutes to compile.
#ifdef __SANITIZE_ADDRESS__
constexpr int unrolled = 1;
#else
constexpr int unrolled = 8;
#endif

/// Whether part of a vector can be loaded at no cost. Where it cannot, the caller pads b to whole vectors.
#if XSIMD_WITH_AVX512F
inline constexpr bool masked_loads = true;
#else
inline constexpr bool masked_loads = false;
#endif

/// Rows of a tile that is `vectors` wide: as many accumulators as there are registers for, beside one row of b and one
/// element of a.
constexpr int tile_rows(int vectors) { return max_vectors == 4 ? (vectors == 4 ? 6 : 8) : 4; }

/// Part of a product: a is read as a[i * a_row + p * a_step], b as b[p * b_row + j], where j goes up to the next full
/// vector unless there are masked_loads.
template <class T>
struct Part {
  std::int64_t k;
  const T* a;
  std::int64_t a_row;
  std::int64_t a_step;
  const T* b;
  std::int64_t b_row;
  T alpha;
  T beta;
  T* c;
  std::int64_t c_row;
  const T* bias;  // added to every row at the end; may be null
  bool relu;
};

/// x y + z, rounded once. xsimd 8 spells its fma for AVX-512 as a product and a sum, which clang leaves apart.
template <class T>
inline Vec<T> multiply_add(const Vec<T>& x, const Vec<T>& y, const Vec<T>& z) {
#if XSIMD_WITH_AVX512F
  if constexpr (std::is_same_v<T, float>) {
    return _mm512_fmadd_ps(x, y, z);
  } else {
    return _mm512_fmadd_pd(x, y, z);
  }
#else
  return xsimd::fma(x, y, z);
#endif
}

/// Loads or stores vector `j` of a row of `vectors`; in a ragged tile the last one has `last` columns.
template <bool ragged, int vectors, class T>
inline Vec<T> load(const T* row, int j, std::int64_t last) {
  return ragged && j == vectors - 1 ? load_few(row + j * width<T>, last) : Vec<T>::load_unaligned(row + j * width<T>);
}

/// c = alpha * a b + beta * c, then bias and relu, for one tile whose sums stay in registers.
template <class T, int rows, int vectors, bool ragged>
inline void multiply_tile(const Part<T>& g, std::int64_t last) {
  Vec<T> sum[rows][vectors];
#pragma GCC unroll unrolled
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll unrolled
    for (int j = 0; j < vectors; ++j) sum[i][j] = Vec<T>(T(0));
  }
  const T* b = g.b;
  // Two pointers into a: eight rows from one need more index registers than there are.
  const T* a = g.a;
  const T* a4 = a + 4 * g.a_row;
  const std::int64_t a_row = g.a_row;
  const std::int64_t a_step = g.a_step;
  const std::int64_t b_row = g.b_row;
  for (std::int64_t p = g.k; p > 0; --p) {
    Vec<T> row[vectors];
#pragma GCC unroll unrolled
    for (int j = 0; j < vectors; ++j) row[j] = load < ragged && masked_loads, vectors > (b, j, last);
#pragma GCC unroll unrolled
    for (int i = 0; i < rows; ++i) {
      const Vec<T> element(i < 4 ? a[i * a_row] : a4[(i - 4) * a_row]);
#pragma GCC unroll unrolled
      for (int j = 0; j < vectors; ++j) sum[i][j] = multiply_add(element, row[j], sum[i][j]);
    }
    a += a_step;
    a4 += a_step;
    b += b_row;
  }
  const auto store = [&](T* row, int j, const Vec<T>& value) {
    if (ragged && j == vectors - 1) {
      store_few(value, row + j * width<T>, last);
    } else {
      value.store_unaligned(row + j * width<T>);
    }
  };
  // The common case first: where a tile has few steps, what follows would take a fifth of its time.
  if (g.alpha == T(1) && g.beta == T(0) && g.bias == nullptr && !g.relu) {
#pragma GCC unroll unrolled
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll unrolled
      for (int j = 0; j < vectors; ++j) store(g.c + i * g.c_row, j, sum[i][j]);
    }
    return;
  }
#pragma GCC unroll unrolled
  for (int i = 0; i < rows; ++i) {
    T* const c = g.c + i * g.c_row;
#pragma GCC unroll unrolled
    for (int j = 0; j < vectors; ++j) {
      Vec<T> value = sum[i][j] * g.alpha;
      if (g.beta != T(0)) value = multiply_add(Vec<T>(g.beta), load<ragged, vectors>(c, j, last), value);
      if (g.bias != nullptr) value += load<ragged, vectors>(g.bias, j, last);
      if (g.relu) value = max_or_second(Vec<T>(T(0)), value);  // which keeps a NaN
      store(c, j, value);
    }
  }
}

/// Tiles down m rows, then smaller ones for the rest. g is changed instead of copied: a copy of numbers that were just
/// stored has to wait for the stores.
template <class T, int rows, int vectors, bool ragged>
void multiply_rows(Part<T>& g, std::int64_t m, std::int64_t last) {
  for (; m >= rows; m -= rows) {
    multiply_tile<T, rows, vectors, ragged>(g, last);
    g.a += rows * g.a_row;
    g.c += rows * g.c_row;
  }
  if constexpr (rows > 1) {
    if (m > 0) multiply_rows<T, (rows > 4 ? 4 : rows / 2), vectors, ragged>(g, m, last);
  }
}

template <class T, int vectors>
void multiply_vectors(Part<T>& g, std::int64_t m, std::int64_t n) {
  if (n == vectors * width<T>) {
    multiply_rows<T, tile_rows(vectors), vectors, false>(g, m, 0);
  } else {
    multiply_rows<T, tile_rows(vectors), vectors, true>(g, m, n - (vectors - 1) * width<T>);
  }
}

/// m rows by n columns, n at most max_vectors vectors. Afterwards g points after the last row.
template <class T>
void multiply_panel(Part<T>& g, std::int64_t m, std::int64_t n) {
  switch ((n + width<T> - 1) / width<T>) {
    case 1:
      return multiply_vectors<T, 1>(g, m, n);
    case 2:
      return multiply_vectors<T, 2>(g, m, n);
    case 3:
      return multiply_vectors<T, 3>(g, m, n);
    default:
      if constexpr (max_vectors == 4) multiply_vectors<T, 4>(g, m, n);
  }
}

/// How many vectors the next panel has if `left` remain: panels of three are fastest, a last panel of one is slowest.
constexpr std::int64_t panel_vectors(std::int64_t left) {
  if (left <= 2) return left;
  if (max_vectors == 4) return left % 3 == 1 ? 4 : 3;
  return left == 4 ? 2 : 3;
}

}  // namespace xtape::kernels::tile
