#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <xsimd/xsimd.hpp>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace xtape::kernels {

template <class T>
inline constexpr bool vectorised = std::is_same_v<T, float> || std::is_same_v<T, double>;

template <class T>
using Batch = xsimd::batch<T>;

/// The sum of the lanes.
template <class T>
inline T sum_of_lanes(const Batch<T>& v) {
#if XSIMD_VERSION_MAJOR >= 9
  return xsimd::reduce_add(v);
#else
  return xsimd::hadd(v);
#endif
}

/// max(a, b) and min(a, b); b where either is NaN. One instruction on x86, whose operands xsimd 14 exchanged. (On other
/// processors the result may be NaN instead.)
template <class T>
inline Batch<T> max_or_second(const Batch<T>& a, const Batch<T>& b) {
#if XSIMD_VERSION_MAJOR >= 14
  return xsimd::max(b, a);
#else
  return xsimd::max(a, b);
#endif
}
template <class T>
inline Batch<T> min_or_second(const Batch<T>& a, const Batch<T>& b) {
#if XSIMD_VERSION_MAJOR >= 14
  return xsimd::min(b, a);
#else
  return xsimd::min(a, b);
#endif
}

/// condition ? a : b for numbers, as xsimd::select is for batches; unqualified calls find either.
template <class T>
requires std::is_arithmetic_v<T>
inline T select(bool condition, T a, T b) { return condition ? a : b; }

/// a + b, a - b and a b of numbers or vectors; integers wrap around, where a signed overflow would be undefined.
template <class V>
inline V plus(V a, V b) {
  if constexpr (std::is_integral_v<V>) {
    using Unsigned = std::make_unsigned_t<V>;
    return static_cast<V>(static_cast<Unsigned>(a) + static_cast<Unsigned>(b));
  } else {
    return a + b;
  }
}
template <class V>
inline V minus(V a, V b) {
  if constexpr (std::is_integral_v<V>) {
    using Unsigned = std::make_unsigned_t<V>;
    return static_cast<V>(static_cast<Unsigned>(a) - static_cast<Unsigned>(b));
  } else {
    return a - b;
  }
}
template <class V>
inline V times(V a, V b) {
  if constexpr (std::is_integral_v<V>) {
    using Unsigned = std::make_unsigned_t<V>;
    return static_cast<V>(static_cast<Unsigned>(a) * static_cast<Unsigned>(b));
  } else {
    return a * b;
  }
}

/// Whether a number is NaN. Not `v != v`: xsimd 8's != of vectors is false where one side is NaN.
template <class T>
requires std::is_arithmetic_v<T>
inline bool is_nan(T v) { return v != v; }
template <class T>
inline auto is_nan(const Batch<T>& v) {
  return xsimd::isnan(v);
}

/// The numbers of the lanes: 0, 1, 2, ...
template <class T>
inline constexpr auto lane_table = [] {
  std::array<T, 64 / sizeof(T)> lanes{};
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] = static_cast<T>(i);
  return lanes;
}();
template <class T>
inline Batch<T> lane_numbers() {
  return Batch<T>::load_unaligned(lane_table<T>.data());
}

/// The largest lane of a vector without NaN.
template <class T>
inline T reduce_max(const Batch<T>& v) {
#ifdef __AVX512F__
  if constexpr (std::is_same_v<T, float> && sizeof(v) == 64) return _mm512_reduce_max_ps(v);
  if constexpr (std::is_same_v<T, double> && sizeof(v) == 64) return _mm512_reduce_max_pd(v);
#endif
  T lanes[Batch<T>::size];
  v.store_unaligned(lanes);
  return *std::max_element(lanes, lanes + Batch<T>::size);
}

}  // namespace xtape::kernels
