#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <xsimd/xsimd.hpp>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace xtape::kernels {

// Loads and stores of fewer elements than a vector holds: the rest of an array, or all of a small network's biases. By
// way of an array on the stack they cost more than the arithmetic, since the wide load has to wait for the narrow
// stores before it; AVX-512 has masks instead.

/// Loads the first `count` elements; the other lanes are zeros.
template <class T>
inline xsimd::batch<T> load_few(const T* from, std::int64_t count) {
  using Batch = xsimd::batch<T>;
#ifdef __AVX512F__
  if constexpr (sizeof(Batch) == 64) {
    const auto mask = (1u << count) - 1u;
    if constexpr (std::is_same_v<T, float>) {
      return _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), from);
    } else {
      return _mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), from);
    }
  }
#endif
  T elements[Batch::size] = {};
  std::copy_n(from, count, elements);
  return Batch::load_unaligned(elements);
}

/// Stores the first `count` elements.
template <class T>
inline void store_few(const xsimd::batch<T>& values, T* to, std::int64_t count) {
  using Batch = xsimd::batch<T>;
#ifdef __AVX512F__
  if constexpr (sizeof(Batch) == 64) {
    const auto mask = (1u << count) - 1u;
    if constexpr (std::is_same_v<T, float>) {
      return _mm512_mask_storeu_ps(to, static_cast<__mmask16>(mask), values);
    } else {
      return _mm512_mask_storeu_pd(to, static_cast<__mmask8>(mask), values);
    }
  }
#endif
  T elements[Batch::size];
  values.store_unaligned(elements);
  std::copy_n(elements, count, to);
}

}  // namespace xtape::kernels
