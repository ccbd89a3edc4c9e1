#pragma once

#include <cstdint>
#include <limits>

#include "kernels/few.hpp"
#include "kernels/simd.hpp"

// What the reductions do with two elements, on single numbers and on vectors, and with the lanes of a vector.
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
  template <class V>
  V operator()(V a, V b) const {
    return select(is_nan(a) || a > b, a, b);  // either NaN wins
  }
};

struct Min {
  template <class T>
  static T neutral() {
    return std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
  }
  template <class V>
  V operator()(V a, V b) const {
    return select(is_nan(a) || a < b, a, b);
  }
};

/// Pairs, then pairs of pairs: the rounding error grows with log n. Overwrites the values.
template <class T, class Op>
T combine_pairwise(T* values, std::int64_t n, const Op& op) {
  for (; n > 1; n = (n + 1) / 2) {
    for (std::int64_t i = 0; i < n / 2; ++i) values[i] = op(values[2 * i], values[2 * i + 1]);
    if (n % 2 == 1) values[n / 2] = values[n - 1];
  }
  return values[0];
}

/// The lanes of a vector combined with each other, in pairs.
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

/// Elements that one row of partial results is made of: no number is added to more than some hundred times its size.
template <class T>
constexpr std::int64_t block_elements = 4096;
template <class T>
requires vectorised<T>
constexpr std::int64_t block_elements<T> = 256 * static_cast<std::int64_t>(Batch<T>::size);

/// Up to block_elements contiguous elements.
template <class T, class Op>
T reduce_block(const T* in, std::int64_t n, const Op& op) {
  if constexpr (vectorised<T>) {
    constexpr std::int64_t width = Batch<T>::size, ways = 8;
    const Batch<T> neutral(Op::template neutral<T>());
    Batch<T> acc[ways];
    std::int64_t i = 0;
    if (n >= ways * width) {
      for (std::int64_t k = 0; k < ways; ++k) acc[k] = Batch<T>::load_unaligned(in + k * width);
      for (i = ways * width; i + ways * width <= n; i += ways * width) {
        for (std::int64_t k = 0; k < ways; ++k) acc[k] = op(acc[k], Batch<T>::load_unaligned(in + i + k * width));
      }
      for (std::int64_t k = 0; k < ways / 2; ++k) acc[k] = op(acc[k], acc[k + ways / 2]);
      acc[0] = op(op(acc[0], acc[1]), op(acc[2], acc[3]));
    } else {
      acc[0] = neutral;
    }
    for (; i + width <= n; i += width) acc[0] = op(acc[0], Batch<T>::load_unaligned(in + i));
    if (i < n) {
      const auto inside = lane_numbers<T>() < Batch<T>(static_cast<T>(n - i));
      acc[0] = op(acc[0], select(inside, load_few(in + i, n - i), neutral));
    }
    return combine_lanes(acc[0], op);
  } else {
    T result = Op::template neutral<T>();
    for (std::int64_t i = 0; i < n; ++i) result = op(result, in[i]);
    return result;
  }
}

}  // namespace xtape::kernels
