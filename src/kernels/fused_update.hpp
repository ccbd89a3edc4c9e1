#pragma once

#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels/few.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

namespace xtape::kernels {

/// The elements [begin, end) of fused_update.
template <class T, class Step, std::size_t... I>
inline void fused_update_range(std::int64_t begin, std::int64_t end, T* p, const T* g, const Step& given,
                               [[maybe_unused]] std::array<T*, sizeof...(I)> s, std::index_sequence<I...>) {
  const Step step = given;  // a copy: through a reference it would be loaded again after every store
  using Vectors = std::array<Batch<T>, sizeof...(I)>;
  constexpr std::int64_t width = Batch<T>::size;
  std::int64_t i = begin;
  for (; i + width <= end; i += width) {
    Batch<T> pi = Batch<T>::load_unaligned(p + i);
    [[maybe_unused]] Vectors si = {Batch<T>::load_unaligned(s[I] + i)...};
    step(pi, Batch<T>::load_unaligned(g + i), si[I]...);
    pi.store_unaligned(p + i);
    (si[I].store_unaligned(s[I] + i), ...);
  }
  if (const std::int64_t count = end - i; count > 0) {
    Batch<T> pi = load_few(p + i, count);
    [[maybe_unused]] Vectors si = {load_few(s[I] + i, count)...};
    step(pi, load_few(g + i, count), si[I]...);
    store_few(pi, p + i, count);
    (store_few(si[I], s[I] + i, count), ...);
  }
}

/// One pass over n parameters p, their gradients g and an optimizer's state, arrays of the same length that do not
/// overlap: step(p, g, state...) changes vectors of p and of the states. Vectors go to the last element, so the result
/// depends neither on an element's place nor on the number of threads.
template <class T, class Step, class... States>
requires(std::is_same_v<States, T>&&...) void fused_update(std::int64_t n, T* p, const T* g, const Step& step,
                                                           States*... states) {
  const std::array<T*, sizeof...(States)> all = {states...};
  parallel_for(n, elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
    fused_update_range(begin, end, p, g, step, all, std::index_sequence_for<States...>());
  });
}

}  // namespace xtape::kernels
