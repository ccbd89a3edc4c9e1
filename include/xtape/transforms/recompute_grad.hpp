#pragma once

#include <array>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "xtape/tape/no_recording.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {

namespace detail {
using TensorsToTensor = std::function<Tensor(std::span<const Tensor>)>;
Tensor recompute(const TensorsToTensor& f, std::span<const Tensor> inputs);
Tensor pass_through(const Tensor& x, const Tensor& y);
}  // namespace detail

/// A function that trades time for memory: it does not keep its inner results for the backward pass, but computes them
/// again there (tf.recompute_grad; Chen et al.: Training deep nets with sublinear memory cost, 2016).
///
///     auto block = recompute_grad([&](const Tensor& x) { return dense2(dense1(x)); });
///     Tensor y = block(x);
///
/// f takes any number of tensors and returns one. It is run a second time with the same random numbers, whichever
/// generators they came from, and with the layers' `training` of its first run. Gradients flow to its arguments and to
/// the variables that it reads, to any order. f must not depend on anything else that changes between its two runs;
/// where it changes something itself, being_recomputed() tells the second run.
template <class F>
auto recompute_grad(F f) {
  return [f = std::move(f)]<class... T>(const T&... arguments) -> Tensor {
    const std::array<Tensor, sizeof...(T)> inputs{Tensor(arguments)...};
    return detail::recompute(
        [f](std::span<const Tensor> xs) -> Tensor {
          return [&]<std::size_t... i>(std::index_sequence<i...>) { return Tensor(f(xs[i]...)); }
          (std::make_index_sequence<sizeof...(T)>());
        },
        inputs);
  };
}

/// A function whose gradient is that of the identity (tf.grad_pass_through), for functions such as round or sign that
/// have no gradient: a straight-through estimator. f maps a tensor to one of the same shape and dtype (a ValueError or
/// TypeError otherwise); variables that it reads get no gradient.
template <class F>
auto grad_pass_through(F f) {
  return [f = std::move(f)](const Tensor& x) -> Tensor {
    Tensor y;
    {
      const detail::NoRecording unseen;
      y = f(x);
    }
    return detail::pass_through(x, y);
  };
}

}  // namespace xtape
