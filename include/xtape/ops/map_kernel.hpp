#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "xtape/core/tensor.hpp"
#include "xtape/ops/map_dual.hpp"

// The loop that map compiles, and the functions of the library that run it.
namespace xtape {
namespace detail {

/// Computes `n` adjacent elements. in[i] points to the first element of input i, or to its only element if fixed[i];
/// out[j] is null for an output that is not needed.
using MapRow = void (*)(const void* f, std::int64_t n, const std::byte* const* in, const bool* fixed,
                        std::byte* const* out);

/// A function of several inputs and outputs, compiled for both dtypes.
struct MapFunction {
  const void* f;
  MapRow float_row;
  MapRow double_row;
  std::shared_ptr<const void> (*copy)(const void* f);  ///< copies *f, for later calls
};

template <class F>
std::shared_ptr<const void> copy_map_function(const void* f) {
  return std::make_shared<const F>(*static_cast<const F*>(f));
}

/// Runs the function on the broadcast inputs, in parallel, and returns the wanted outputs.
Tensors run_map(const MapFunction& function, std::span<const Tensor> inputs, std::span<const bool> wanted);

/// Converts plain numbers to the dtype of the tensors. Throws a TypeError for dtypes that differ or are not floating.
void convert_map_inputs(std::span<Tensor> inputs);

template <int n>
std::array<Tensor, n> map_inputs(std::array<Tensor, n> inputs) {
  convert_map_inputs(inputs);
  return inputs;
}

/// The inputs of a function and the gradients of all its outputs; 0 for outputs without a gradient.
template <int outputs, std::size_t inputs>
std::array<Tensor, inputs + outputs> map_gradient_inputs(const std::array<Tensor, inputs>& values,
                                                         const std::array<bool, outputs>& asked,
                                                         std::span<const Tensor> gradients) {
  std::array<Tensor, inputs + outputs> all;
  std::copy(values.begin(), values.end(), all.begin());
  for (std::size_t i = 0, next = 0; i < outputs; ++i) {
    if (asked[i]) all[inputs + i] = gradients[next++];
    if (!all[inputs + i].defined()) all[inputs + i] = 0;
  }
  convert_map_inputs(all);
  return all;
}

template <int n>
std::array<bool, n> asked_outputs(std::span<const bool> wanted) {
  std::array<bool, n> asked;
  std::copy_n(wanted.begin(), n, asked.begin());  // of a known size: g++ 14 warns otherwise
  return asked;
}

template <class Level, class F, class V>
void map_row(const void* f_, std::int64_t n, const std::byte* const* in, const bool* fixed, std::byte* const* out) {
  using T = typename V::Element;
  using elementwise::unroll;
  constexpr int width = V::size;
  const F& f = *static_cast<const F*>(f_);
  // Every input is read as vectors; a fixed input has step 0. The last elements also use vectors, so that a result
  // depends neither on its position nor on how the array is divided among threads.
  const T* from[Level::inputs];
  std::int64_t step[Level::inputs];
  T* to[Level::outputs];
  T few_in[Level::inputs][width], few_out[Level::outputs][width];
  unroll<Level::inputs>([&](auto i) __attribute__((always_inline)) {
    from[i] = reinterpret_cast<const T*>(in[i]);
    step[i] = width;
    if (!fixed[i]) return;
    std::fill_n(few_in[i], width, *from[i]);
    from[i] = few_in[i];
    step[i] = 0;
  });
  unroll<Level::outputs>([&](auto j) __attribute__((always_inline)) { to[j] = reinterpret_cast<T*>(out[j]); });
  std::int64_t vectors = n / width;
  const auto rest = static_cast<int>(n % width);
  for (bool last = false;;) {
    for (; vectors > 0; --vectors) {
      V x[Level::inputs], y[Level::outputs];
      unroll<Level::inputs>([&](auto i) __attribute__((always_inline)) {
        x[i] = V(V::Batch::load_unaligned(from[i]));
        from[i] += step[i];
      });
      Level::run(f, x, y);
      unroll<Level::outputs>([&](auto j) __attribute__((always_inline)) {
        if (to[j] == nullptr) return;
        y[j].batch.store_unaligned(to[j]);
        to[j] += width;
      });
    }
    if (last || rest == 0) break;
    last = true;
    vectors = 1;
    unroll<Level::inputs>([&](auto i) __attribute__((always_inline)) {
      if (step[i] == 0) return;
      // Filled with a real element: other values could be slow (denormals) or raise floating-point exceptions.
      for (int k = 0; k < width; ++k) few_in[i][k] = from[i][k < rest ? k : 0];
      from[i] = few_in[i];
    });
    unroll<Level::outputs>([&](auto j) __attribute__((always_inline)) {
      if (to[j] != nullptr) to[j] = few_out[j];
    });
  }
  if (rest == 0) return;
  unroll<Level::outputs>([&](auto j) __attribute__((always_inline)) {
    if (out[j] != nullptr) std::copy_n(few_out[j], rest, reinterpret_cast<T*>(out[j]) + (n - rest));
  });
}

}  // namespace detail
}  // namespace xtape
