#pragma once

#include <cstdint>
#include <limits>

#include "kernels/few.hpp"
#include "kernels/simd.hpp"

// The operations of reductions on two elements, single numbers or vectors, and on the lanes of a vector.
namespace xtape::kernels {

struct Sum {
  template <class T>
  static T neutral() {
    return T(0);
  }
  template <class V>
  V operator()(V a, V b) const {
    return static_cast<V>(a + b);
  }
};

struct Prod {
  template <class T>
  static T neutral() {
    return T(1);
  }
  template <class V>
  V operator()(V a, V b) const {
    return static_cast<V>(a * b);
  }
};

struct Max {
  template <class T>
  static T neutral() {
    return std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::lowest();
  }
  // NaN of either side is the result. Without a branch, so that loops become vectors.
  template <class V>
  V operator()(V a, V b) const {
    return select(is_nan(a) | (a > b), a, b);
  }
#ifdef __SSE2__
  // x86 returns the second operand where one is NaN, here a. The test of b does not depend on a, so in a chain, where a
  // is the result so far, it does not lengthen the time from one step to the next.
  template <class T>
  Batch<T> operator()(Batch<T> a, Batch<T> b) const {
    return select(is_nan(b), b, max_or_second(b, a));
  }
#endif
};

struct Min {
  template <class T>
  static T neutral() {
    return std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
  }
  template <class V>
  V operator()(V a, V b) const {
    return select(is_nan(a) | (a < b), a, b);
  }
#ifdef __SSE2__
  template <class T>
  Batch<T> operator()(Batch<T> a, Batch<T> b) const {
    return select(is_nan(b), b, min_or_second(b, a));
  }
#endif
};

/// Combines pairs, then pairs of pairs, ...: the rounding error grows with log n. Overwrites the values.
template <class T, class Op>
T combine_pairwise(T* values, std::int64_t n, const Op& op) {
  for (; n > 1; n = (n + 1) / 2) {
    for (std::int64_t i = 0; i < n / 2; ++i) values[i] = op(values[2 * i], values[2 * i + 1]);
    if (n % 2 == 1) values[n / 2] = values[n - 1];
  }
  return values[0];
}

/// Combines the lanes of a vector: halves, then halves of these.
template <class T, class Op>
T combine_lanes(Batch<T> v, const Op& op) {
#ifdef __AVX512F__
  if constexpr (std::is_same_v<T, float> && sizeof(v) == 64) {
    v = op(v, Batch<T>(_mm512_shuffle_f32x4(v, v, 0x4e)));
    v = op(v, Batch<T>(_mm512_shuffle_f32x4(v, v, 0xb1)));
    v = op(v, Batch<T>(_mm512_permute_ps(v, 0x4e)));
    v = op(v, Batch<T>(_mm512_permute_ps(v, 0xb1)));
    return _mm512_cvtss_f32(v);
  } else if constexpr (std::is_same_v<T, double> && sizeof(v) == 64) {
    v = op(v, Batch<T>(_mm512_shuffle_f64x2(v, v, 0x4e)));
    v = op(v, Batch<T>(_mm512_shuffle_f64x2(v, v, 0xb1)));
    v = op(v, Batch<T>(_mm512_permute_pd(v, 0x55)));
    return _mm512_cvtsd_f64(v);
  }
#endif
  T lanes[Batch<T>::size];
  v.store_unaligned(lanes);
  return combine_pairwise(lanes, static_cast<std::int64_t>(Batch<T>::size), op);
}

/// Elements of a block, which is reduced without partial results: at most some hundred numbers are added to one lane.
template <class T>
constexpr std::int64_t block_elements = 4096;
template <class T>
requires vectorised<T>
constexpr std::int64_t block_elements<T> = 256 * static_cast<std::int64_t>(Batch<T>::size);

/// Reduces up to block_elements contiguous elements to a vector whose lanes are to be combined. Eight sums at a time,
/// so that an addition need not wait for the one before.
template <class T, class Op>
inline Batch<T> reduce_to_vector(const T* in, std::int64_t n, const Op& op) {
  constexpr std::int64_t width = Batch<T>::size, ways = 8;
  const Batch<T> neutral(Op::template neutral<T>());
  Batch<T> result = neutral;
  std::int64_t i = 0;
  if (n >= ways * width) {
    Batch<T> acc[ways];
    for (std::int64_t k = 0; k < ways; ++k) acc[k] = Batch<T>::load_unaligned(in + k * width);
    for (i = ways * width; i + ways * width <= n; i += ways * width) {
      for (std::int64_t k = 0; k < ways; ++k) acc[k] = op(acc[k], Batch<T>::load_unaligned(in + i + k * width));
    }
    for (std::int64_t k = 0; k < ways / 2; ++k) acc[k] = op(acc[k], acc[k + ways / 2]);
    result = op(op(acc[0], acc[1]), op(acc[2], acc[3]));
  }
  for (; i + width <= n; i += width) result = op(result, Batch<T>::load_unaligned(in + i));
  if (i < n) {
    const auto inside = lane_numbers<T>() < Batch<T>(static_cast<T>(n - i));
    result = op(result, select(inside, load_few(in + i, n - i), neutral));
  }
  return result;
}

/// Reduces up to block_elements contiguous elements.
template <class T, class Op>
T reduce_block(const T* in, std::int64_t n, const Op& op) {
  if constexpr (vectorised<T>) {
    return combine_lanes<T>(reduce_to_vector(in, n, op), op);
  } else {
    T result = Op::template neutral<T>();
    for (std::int64_t i = 0; i < n; ++i) result = op(result, in[i]);
    return result;
  }
}

/// out[i] = the combined lanes of v[i], for as many vectors as a vector has lanes, all at once: the pairs of two
/// vectors become one vector, and so on, as in a transpose.
template <class T, class Op>
void combine_lanes_of_each(Batch<T>* v, T* out, const Op& op) {
#ifdef __AVX512F__
  if constexpr (std::is_same_v<T, float> && sizeof(*v) == 64) {
    for (int i = 0; i < 8; ++i) {
      const __m512 a = v[2 * i], b = v[2 * i + 1];
      v[i] = op(Batch<T>(_mm512_unpacklo_ps(a, b)), Batch<T>(_mm512_unpackhi_ps(a, b)));
    }
    for (int i = 0; i < 4; ++i) {
      const __m512d a = _mm512_castps_pd(v[2 * i]), b = _mm512_castps_pd(v[2 * i + 1]);
      v[i] = op(Batch<T>(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b))),
                Batch<T>(_mm512_castpd_ps(_mm512_unpackhi_pd(a, b))));
    }
    for (int n = 2; n > 0; n /= 2) {
      for (int i = 0; i < n; ++i) {
        const __m512 a = v[2 * i], b = v[2 * i + 1];
        v[i] = op(Batch<T>(_mm512_shuffle_f32x4(a, b, 0x88)), Batch<T>(_mm512_shuffle_f32x4(a, b, 0xdd)));
      }
    }
    v[0].store_unaligned(out);
    return;
  } else if constexpr (std::is_same_v<T, double> && sizeof(*v) == 64) {
    for (int i = 0; i < 4; ++i) {
      const __m512d a = v[2 * i], b = v[2 * i + 1];
      v[i] = op(Batch<T>(_mm512_unpacklo_pd(a, b)), Batch<T>(_mm512_unpackhi_pd(a, b)));
    }
    for (int n = 2; n > 0; n /= 2) {
      for (int i = 0; i < n; ++i) {
        const __m512d a = v[2 * i], b = v[2 * i + 1];
        v[i] = op(Batch<T>(_mm512_shuffle_f64x2(a, b, 0x88)), Batch<T>(_mm512_shuffle_f64x2(a, b, 0xdd)));
      }
    }
    v[0].store_unaligned(out);
    return;
  }
#endif
  for (std::size_t i = 0; i < Batch<T>::size; ++i) out[i] = combine_lanes<T>(v[i], op);
}

inline constexpr std::uintptr_t prefetch_ahead = 2048;  // bytes

/// out[r] = the r-th of contiguous rows of up to block_elements elements, reduced.
template <class T, class Op>
void reduce_blocks(const T* in, std::int64_t rows, std::int64_t n, T* out, const Op& op) {
  std::int64_t r = 0;
  if constexpr (vectorised<T>) {
    constexpr std::int64_t width = Batch<T>::size;
    Batch<T> each[width];
    for (; r + width <= rows; r += width) {
      for (std::int64_t k = 0; k < width; ++k) {
        // The processor does not prefetch reads that begin and end within cache lines.
        const auto ahead = reinterpret_cast<std::uintptr_t>(in + (r + k) * n) + prefetch_ahead;  // maybe beyond the end
        __builtin_prefetch(reinterpret_cast<const void*>(ahead));
        each[k] = reduce_to_vector(in + (r + k) * n, n, op);
      }
      combine_lanes_of_each(each, out + r, op);
    }
    if (r < rows) {  // through the same vectors: a result does not depend on where threads divide the rows
      T last[width];
      for (std::int64_t k = 0; k < width; ++k) each[k] = reduce_to_vector(in + std::min(r + k, rows - 1) * n, n, op);
      combine_lanes_of_each(each, last, op);
      std::copy_n(last, rows - r, out + r);
    }
  } else {
    for (; r < rows; ++r) out[r] = reduce_block(in + r * n, n, op);
  }
}

}  // namespace xtape::kernels
