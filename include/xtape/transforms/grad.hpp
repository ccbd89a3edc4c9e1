#pragma once

#include <array>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "xtape/tape/gradient_tape.hpp"

// Derivatives as functions of functions, as in JAX and MLX.
namespace xtape {

namespace detail {

/// Throws a ValueError unless the value has one element.
const Tensor& check_scalar(const char* op, const Tensor& value);
/// A copy of x with its own identity; outer tapes record it as a result of x.
Tensor identity(const Tensor& x);

/// The loss in what a function returned: the value itself, or the first element of a tuple.
template <class Value>
Tensor loss_in(const Value& value) {
  if constexpr (TupleLike<Value>) {
    return std::get<0>(value);
  } else {
    return value;
  }
}

template <class Arguments, class Value, std::size_t... argnums>
auto gradients_of(GradientTape& tape, const Value& value, const Arguments& arguments, std::index_sequence<argnums...>) {
  const Tensor loss = check_scalar("value_and_grad", loss_in(value));
  const auto chosen = std::tie(std::get<argnums>(arguments)...);
  PoolVector<Source> sources;
  (for_each_leaf(std::get<argnums>(arguments), [&](const auto& leaf) { sources.push_back(leaf); }), ...);
  const Tensors gradients =
      tape.gradient(loss, std::span<const Source>(sources), {.unconnected_gradients = UnconnectedGradients::zero});
  auto next = [at = gradients.begin()](const auto&) mutable { return *at++; };
  if constexpr (sizeof...(argnums) == 1) {
    return map_leaves(std::get<0>(chosen), next);
  } else {
    return map_leaves(chosen, next);
  }
}

}  // namespace detail

/// A function that returns f's value and its gradients for the arguments with the numbers `argnums`, by default the
/// first (jax.value_and_grad, mx.value_and_grad):
///
///     auto f = [](const Tensor& w, const Tensor& x) { return reduce_sum(square(w * x)); };
///     auto [loss, dw] = value_and_grad(f)(w, x);
///     auto [loss, grads] = value_and_grad<0, 1>(f)(w, x);       // grads is a tuple
///
/// An argument is a tensor, a variable, or a vector, array, tuple or map of them; its gradient has its structure, and
/// is zeros if f does not use it. f returns a scalar loss, or a tuple or pair that begins with it; anything else is a
/// ValueError. Variables that f reads without taking them as arguments are constants to it. Nests to any order.
template <std::size_t... argnums, class F>
auto value_and_grad(F f) {
  return [f = std::move(f)]<class... Args>(const Args&... args) {
    using Chosen = std::conditional_t<sizeof...(argnums) == 0, std::index_sequence<0>, std::index_sequence<argnums...>>;
    std::tuple<Args...> own(args...);
    GradientTape tape({.watch_accessed_variables = false});
    [&]<std::size_t... i>(std::index_sequence<i...>) {
      const auto watch = [&](auto& leaf) {
        // Tells apart arguments that are the same tensor: only the uses of this one count.
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(leaf)>, Tensor>) leaf = detail::identity(leaf);
        tape.watch(leaf);
      };
      (detail::for_each_leaf(std::get<i>(own), watch), ...);
    }
    (Chosen());
    auto value = std::apply(f, own);
    auto gradients = detail::gradients_of(tape, value, own, Chosen());
    return std::pair(std::move(value), std::move(gradients));
  };
}

/// A function that returns f's value and its gradients for variables that it reads, in their order
/// (mlx.nn.value_and_grad):
///
///     auto step = value_and_grad(loss_function, model.trainable_variables());
///     auto [loss, grads] = step(x, y);
///     optimizer.apply(grads, model.trainable_variables());
template <class F>
auto value_and_grad(F f, std::vector<Variable> variables) {
  return [f = std::move(f), variables = std::move(variables)]<class... Args>(const Args&... args) {
    GradientTape tape({.watch_accessed_variables = false});
    for (const auto& variable : variables) tape.watch(variable);
    auto value = std::invoke(f, args...);
    const Tensor loss = detail::check_scalar("value_and_grad", detail::loss_in(value));
    Tensors gradients = tape.gradient(loss, variables, {.unconnected_gradients = UnconnectedGradients::zero});
    return std::pair(std::move(value), std::move(gradients));
  };
}

/// The gradients alone (jax.grad): grad(grad(f)) is the second derivative of a function of a scalar.
template <std::size_t... argnums, class F>
auto grad(F f) {
  return [both = value_and_grad<argnums...>(std::move(f))](const auto&... args) { return both(args...).second; };
}

}  // namespace xtape
