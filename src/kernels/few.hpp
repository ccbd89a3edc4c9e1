#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "kernels/simd.hpp"

namespace xtape::kernels {

// Loads and stores of fewer elements than a vector holds: the rest of an array, or all of a small network's biases. By
// way of an array on the stack they cost more than the arithmetic, since the wide load has to wait for the narrow
// stores before it; AVX-512 has masks instead.

/// Loads the first `count` elements; the other lanes are zeros.
template <class T>
inline Batch<T> load_few(const T* from, std::int64_t count) {
#ifdef __AVX512F__
  if constexpr (sizeof(Batch<T>) == 64) {
    const auto mask = (1u << count) - 1u;
    if constexpr (std::is_same_v<T, float>) {
      return _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), from);
    } else {
      return _mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), from);
    }
  }
#endif
  T elements[Batch<T>::size] = {};
  std::copy_n(from, count, elements);
  return Batch<T>::load_unaligned(elements);
}

/// Stores the first `count` elements.
template <class T>
inline void store_few(const Batch<T>& values, T* to, std::int64_t count) {
#ifdef __AVX512F__
  if constexpr (sizeof(Batch<T>) == 64) {
    const auto mask = (1u << count) - 1u;
    if constexpr (std::is_same_v<T, float>) {
      return _mm512_mask_storeu_ps(to, static_cast<__mmask16>(mask), values);
    } else {
      return _mm512_mask_storeu_pd(to, static_cast<__mmask8>(mask), values);
    }
  }
#endif
  T elements[Batch<T>::size];
  values.store_unaligned(elements);
  std::copy_n(elements, count, to);
}

/// The same for up to a whole vector.
template <class T>
inline Batch<T> load_up_to(const T* from, std::int64_t count) {
  return count == Batch<T>::size ? Batch<T>::load_unaligned(from) : load_few(from, count);
}
template <class T>
inline void store_up_to(const Batch<T>& values, T* to, std::int64_t count) {
  if (count == Batch<T>::size) {
    values.store_unaligned(to);
  } else {
    store_few(values, to, count);
  }
}

/// Calls f(i, count) for the vectors of a row, the last one with fewer elements.
template <class T, class F>
inline void for_vectors(std::int64_t n, const F& f) {
  constexpr std::int64_t width = Batch<T>::size;
  std::int64_t i = 0;
  for (; i + width <= n; i += width) f(i, width);
  if (i < n) f(i, n - i);
}

/// to[i] = f(the elements i of each row) for i in [0, n). Floats go through vectors to the last element, so that a
/// result depends neither on its place in the array nor on how the array is cut into pieces for threads.
template <class T, class F, class... Rows>
inline void map_row(std::int64_t n, T* to, const F& f, const Rows*... rows) {
  if constexpr (vectorised<T>) {
    constexpr std::int64_t width = Batch<T>::size;
    std::int64_t i = 0;
    for (; i + width <= n; i += width) f(Batch<T>::load_unaligned(rows + i)...).store_unaligned(to + i);
    if (i < n) store_few<T>(f(load_few(rows + i, n - i)...), to + i, n - i);
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i] = f(rows[i]...);
  }
}

}  // namespace xtape::kernels
