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

/// How one operand of a row is read: element by element, or the same element for the whole row.
template <class T, bool scalar>
struct Operand {
  const T* data;
  T at(std::int64_t i) const { return scalar ? *data : data[i]; }
  Batch<T> load(std::int64_t i) const requires vectorised<T> {
    if constexpr (scalar) {
      return Batch<T>(*data);
    } else {
      return Batch<T>::load_unaligned(data + i);
    }
  }
  /// The last `count` elements, fewer than a vector.
  Batch<T> load_rest(std::int64_t i, std::int64_t count) const requires vectorised<T> {
    if (scalar || count == 1) return Batch<T>(at(i));
    T rest[Batch<T>::size] = {};
    std::copy_n(data + i, count, rest);
    return Batch<T>::load_unaligned(rest);
  }
};

/// out[i] = f(operands[i]...) for i in [0, n). Floats go through vectors to the last element, so that a result depends
/// neither on its place in the array nor on how the array is cut into pieces for threads. Out is T, or bool for
/// comparisons.
template <class T, class Out, class F, class... Operands>
inline void map_row(std::int64_t n, Out* out, const F& f, Operands... operands) {
  if constexpr (vectorised<T>) {
    constexpr std::int64_t width = Batch<T>::size;
    std::int64_t i = 0;
    for (; i + width <= n; i += width) f(operands.load(i)...).store_unaligned(out + i);
    if (i < n) {
      Out rest[width];
      f(operands.load_rest(i, n - i)...).store_unaligned(rest);
      out[i] = rest[0];  // a scalar needs no call to memmove
      if (n - i > 1) std::copy_n(rest + 1, n - i - 1, out + i + 1);
    }
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i] = f(operands.at(i)...);
  }
}

}  // namespace xtape::kernels
