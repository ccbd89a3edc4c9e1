#pragma once

#include <array>
#include <concepts>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/tape/read_variables.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {

namespace detail {

/// Throws a ValueError unless there are as many gradients as arguments.
void check_gradient_count(const char* name, std::size_t expected, std::size_t returned);
void check_variable_count(const char* name, std::size_t expected, std::size_t returned);
/// Throws a TypeError when a function reads variables and its grad_fn does not take them.
void check_no_variables(const char* name, const PoolVector<Variable>& variables);

template <std::size_t>
using OneTensor = const Tensor&;
/// Whether a grad_fn takes the variables as its last argument, after the gradients of the results.
template <class Gradient, std::size_t... i>
constexpr bool takes_variables(std::index_sequence<i...>) {
  return std::is_invocable_v<const Gradient&, OneTensor<i>..., const std::vector<Variable>&>;
}

/// Gives the results new identities, so that gradients do not flow into the ops inside the function.
void hide_origin(std::span<Tensor> outputs);

/// The shape and dtype of a result, without its elements.
struct Like {
  Shape shape;
  DType dtype = float32;
};
/// The gradient of a result; zeros if the result was not used.
Tensor gradient_or_zeros(const Tensor& dy, const Like& like);

inline Grads as_grads(Grads gradients) { return gradients; }
inline Grads as_grads(Tensor gradient) { return Grads{std::move(gradient)}; }
template <class... T>
Grads as_grads(std::tuple<T...> gradients) {
  return std::apply([](auto&... g) { return Grads{std::move(g)...}; }, gradients);
}
template <class A, class B>
Grads as_grads(std::pair<A, B> gradients) {
  return Grads{std::move(gradients.first), std::move(gradients.second)};
}
template <class Allocator>
Grads as_grads(const std::vector<Tensor, Allocator>& gradients) {
  Grads list;
  for (const auto& g : gradients) list.push_back(g);
  return list;
}

template <class... T>
std::array<Tensor, sizeof...(T)> as_array(std::tuple<T...> tensors) {
  return std::apply([](auto&... t) { return std::array<Tensor, sizeof...(T)>{Tensor(std::move(t))...}; }, tensors);
}
inline std::array<Tensor, 1> as_array(Tensor tensor) { return {std::move(tensor)}; }

/// The parameter type for an argument of type T, which converts to a tensor.
template <std::convertible_to<Tensor> T>
using AsTensor = const Tensor&;

}  // namespace detail

/// A function with a user-defined gradient, made by custom_gradient.
template <class F>
class CustomGradient {
 public:
  explicit CustomGradient(F f, const char* name) : f_(std::move(f)), name_(name) {}

  /// The value of the function: what f returned as the first of its pair.
  template <class... T>
  requires std::invocable<const F&, detail::AsTensor<T>...>
  auto operator()(const T&... arguments) const {
    std::array<Tensor, sizeof...(T)> inputs{Tensor(arguments)...};
    return std::apply([&](const auto&... tensor) { return run(inputs, [&] { return f_(tensor...); }); }, inputs);
  }
  template <std::same_as<std::vector<Tensor>> V>
  requires std::invocable<const F&, const V&>
  auto operator()(const V& arguments) const {
    return run(arguments, [&] { return f_(arguments); });
  }

 private:
  template <class Call>
  auto run(std::span<const Tensor> inputs, const Call& call) const {
    if (!is_recording()) return call().first;
    detail::PoolVector<Variable> variables;
    auto made = [&] {
      const detail::ReadVariables read;
      auto result = call();
      variables = read.list();
      return result;
    }();
    using Result = decltype(made.first);
    using Gradient = decltype(made.second);
    auto outputs = detail::as_array(std::move(made.first));
    detail::hide_origin(outputs);
    using Outputs = decltype(outputs);
    using Indices = std::make_index_sequence<std::tuple_size_v<Outputs>>;
    std::array<detail::Like, std::tuple_size_v<Outputs>> likes;
    for (std::size_t i = 0; i < likes.size(); ++i) likes[i] = {outputs[i].shape(), outputs[i].dtype()};
    constexpr bool takes_variables = detail::takes_variables<Gradient>(Indices());
    if constexpr (!takes_variables) detail::check_no_variables(name_, variables);

    std::vector<Tensor> all(inputs.begin(), inputs.end());
    for (const auto& variable : variables) all.push_back(variable.stored_value());
    const std::vector<Variable> read(variables.begin(), variables.end());
    record(name_, all, std::span<Tensor>(outputs), [&] {
      return [gradient = std::move(made.second), likes, n = inputs.size(), read,
              name = name_](std::span<const Tensor> dys) {
        return [&]<std::size_t... i>(std::index_sequence<i...>) {
          if constexpr (takes_variables) {
            auto [own, of_variables] = gradient(detail::gradient_or_zeros(dys[i], likes[i])..., read);
            Grads gradients = detail::as_grads(std::move(own));
            detail::check_gradient_count(name, n, gradients.size());
            Grads others = detail::as_grads(std::move(of_variables));
            detail::check_variable_count(name, read.size(), others.size());
            for (std::size_t k = 0; k < others.size(); ++k) gradients.push_back(others[k]);
            return gradients;
          } else {
            Grads gradients = detail::as_grads(gradient(detail::gradient_or_zeros(dys[i], likes[i])...));
            detail::check_gradient_count(name, n, gradients.size());
            return gradients;
          }
        }
        (Indices());
      };
    });
    if constexpr (std::is_same_v<Result, Tensor>) {
      return std::move(outputs[0]);
    } else {
      return std::apply([](auto&... y) { return Result(std::move(y)...); }, outputs);
    }
  }

  F f_;
  const char* name_;
};

/// Defines the gradient of a function (tf.custom_gradient):
///
///     auto log1pexp = custom_gradient([](const Tensor& x) {
///       Tensor e = exp(x);
///       return std::pair(log(1 + e), [e](const Tensor& dy) { return dy * (1 - 1 / (1 + e)); });
///     });
///     Tensor y = log1pexp(x);
///
/// f takes tensors (or one vector of them) and returns std::pair(y, grad_fn). y is a Tensor, or a tuple for a function
/// of several results; grad_fn takes the gradient of each result (zeros for one that was not used) and returns the
/// gradient for each argument of f: a Tensor, a tuple, a vector or Grads, with empty tensors for arguments that have
/// none. The wrong number of gradients is a ValueError in the backward pass.
///
/// The gradient is what grad_fn returns, whatever ops f uses. These ops are recorded all the same: tensors that grad_fn
/// captures then depend on the arguments, and the second derivative is the derivative of grad_fn. f and grad_fn must be
/// callable when const. Errors show `name`, which must outlive the tapes: use a string literal.
///
/// If f reads variables that are not its arguments, grad_fn takes them as its last argument and returns a pair: the
/// gradients of the arguments and those of the variables. A grad_fn without that argument is a TypeError, as in
/// TensorFlow.
///
///     return std::pair(x * w, [x, w](const Tensor& dy, const std::vector<Variable>& variables) {
///       return std::pair(dy * w, dy * x);
///     });
template <class F>
CustomGradient<F> custom_gradient(F f, const char* name = "custom_gradient") {
  return CustomGradient<F>(std::move(f), name);
}

}  // namespace xtape
