#pragma once

#include <array>
#include <cstdint>
#include <tuple>
#include <utility>

#include "kernels/few.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

namespace xtape::kernels {

/// One pass over n parameters p, their gradients g and the optimizer's state: step(p, g, state...) changes vectors of p
/// and of the states, which are arrays of the same length; none may overlap. Vectors go to the last element, so the
/// result depends neither on an element's place nor on the number of threads.
template <class T, class Step, class... States>
void fused_update(std::int64_t n, T* p, const T* g, const Step& given, States*... states) {
  constexpr std::int64_t width = Batch<T>::size;
  parallel_for(n, elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
    const Step step = given;  // behind a reference it would be loaded anew after every store
    const auto at = [&](std::int64_t i, auto load, auto store, T* own, States*... others) {
      Batch<T> pi = load(own + i);
      std::tuple<decltype(Batch<T>(*others))...> loaded{load(others + i)...};
      std::apply(
          [&](auto&... si) {
            step(pi, load(g + i), si...);
            store(pi, own + i);
            (store(si, others + i), ...);
          },
          loaded);
    };
    std::int64_t i = begin;
    for (; i + width <= end; i += width) {
      at(
          i, [](const T* from) { return Batch<T>::load_unaligned(from); },
          [](const Batch<T>& values, T* to) { values.store_unaligned(to); }, p, states...);
    }
    if (const std::int64_t count = end - i; count > 0) {
      at(
          i, [count](const T* from) { return load_few(from, count); },
          [count](const Batch<T>& values, T* to) { store_few(values, to, count); }, p, states...);
    }
  });
}

}  // namespace xtape::kernels
