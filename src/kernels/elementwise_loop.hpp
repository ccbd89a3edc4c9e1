#pragma once

#include <cstring>
#include <type_traits>

#include "kernels/elementwise.hpp"
#include "kernels/few.hpp"
#include "kernels/simd.hpp"

// The loops that run_elementwise runs, made of a functor: on vectors for float and double, on single numbers for the
// other types. Floats go through vectors to the last element, so that a result depends neither on its place in the
// array nor on how the array is cut into pieces.
namespace xtape::kernels {

/// Stores the first `count` elements, all of them if there are as many; bools of a comparison, or numbers.
template <class T>
inline void store_elements(const Batch<T>& values, T* to, std::int64_t count) {
  store_up_to(values, to, count);
}
template <class T>
inline void store_elements(const xsimd::batch_bool<T>& values, bool* to, std::int64_t count) {
  constexpr std::int64_t width = Batch<T>::size;
#if defined(__AVX512BW__) && defined(__AVX512VL__)
  if constexpr (sizeof(Batch<T>) == 64) {
    const auto mask = static_cast<__mmask16>(values.data);
    const __m128i bytes = _mm_maskz_set1_epi8(mask, 1);
    if (count >= 16) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
    } else {
      _mm_mask_storeu_epi8(to, static_cast<__mmask16>((1u << std::min(count, width)) - 1u), bytes);
    }
    return;
  }
#endif
  bool all[width];
  values.store_unaligned(all);
  std::memcpy(to, all, static_cast<std::size_t>(std::min(count, width)));
}

/// Stores the first element alone, such as a loss: a multiplication of scalars takes 9.3 ns, with masks 10.2.
template <class T>
inline void store_first(const Batch<T>& values, T* to) {
#ifdef __AVX512F__
  if constexpr (sizeof(values) == 64) {
    *to = values.data[0];
    return;
  }
#endif
  store_few(values, to, 1);
}
template <class T>
inline void store_first(const xsimd::batch_bool<T>& values, bool* to) {
  store_elements<T>(values, to, 1);
}

/// Loads a whole vector. Of select(v > 0, g, 0) the compiler would make a load of only those elements that the mask
/// chooses, but the processor does not prefetch masked loads: beyond the cache they take three times as long. The empty
/// asm makes the compiler take the vector as used.
template <class T>
inline Batch<T> load_all(const T* from) {
  Batch<T> values = Batch<T>::load_unaligned(from);
#ifdef __AVX512F__
  if constexpr (sizeof(values) == 64) asm("" : "+v"(values.data));
#endif
  return values;
}

/// Loads the last `count` elements, fewer than a vector. A splat (step 0) is a whole vector.
template <class T>
inline Batch<T> load_rest(const T* from, std::int64_t count, std::int64_t step) {
  return step == 0 ? Batch<T>::load_unaligned(from) : load_few(from, count);
}

template <class T, class Out, class F, std::size_t... I>
inline void run_loop(const F& f, std::int64_t n, Out* out, const void* const* in, const std::int64_t* step,
                     std::index_sequence<I...>) {
  std::array<const T*, sizeof...(I)> at = {static_cast<const T*>(in[I])...};
  if constexpr (vectorised<T>) {
    constexpr std::int64_t width = Batch<T>::size;
    const std::array<std::int64_t, sizeof...(I)> advance = {step[I] * width...};
    for (; n >= width; n -= width, out += width) {
      store_elements<T>(f(load_all(at[I])...), out, width);
      ((at[I] += advance[I]), ...);
    }
    if (n == 1) {
      store_first<T>(f(Batch<T>(*at[I])...), out);
    } else if (n > 0) {
      store_elements<T>(f(load_rest(at[I], n, step[I])...), out, n);
    }
  } else {
    // In chunks of constant size, of which the compiler makes vectors; through an array, as `out` may be an operand.
    constexpr std::int64_t chunk = static_cast<std::int64_t>(splat_bytes / sizeof(T));
    const std::array<std::int64_t, sizeof...(I)> advance = {step[I] * chunk...};
    for (; n >= chunk; n -= chunk, out += chunk) {
      Out result[chunk];
      for (std::int64_t i = 0; i < chunk; ++i) result[i] = static_cast<Out>(f(at[I][i]...));
      std::memcpy(out, result, sizeof result);
      ((at[I] += advance[I]), ...);
    }
    for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<Out>(f(at[I][i]...));
  }
}

/// The loop of functor F over operands of type T. Flattened, so that the calls of f are inlined alike, with what they
/// call: of a product that a function returns and a sum with it the compiler makes one instruction, which rounds once,
/// only where the function is inlined.
template <class T, class Out, std::size_t operands, class F>
[[gnu::flatten]] void elementwise_loop(const void* f, std::int64_t n, void* out, const void* const* in,
                                       const std::int64_t* step) {
  const F own = *static_cast<const F*>(f);  // a copy: through a reference it would be read again after every store
  run_loop<T, Out>(own, n, static_cast<Out*>(out), in, step, std::make_index_sequence<operands>());
}

}  // namespace xtape::kernels
