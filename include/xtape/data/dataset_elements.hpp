#pragma once

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "xtape/core/tensor.hpp"
#include "xtape/data/tensor_dataset.hpp"

namespace xtape::detail {

/// How many tensors a function returns: a Tensor, or a pair, tuple or array of things that convert to one.
template <class T>
struct ElementSize {
  static constexpr std::size_t value = std::tuple_size_v<T>;
};
template <>
struct ElementSize<Tensor> : std::integral_constant<std::size_t, 1> {};
template <>
struct ElementSize<data::Batch> : std::integral_constant<std::size_t, 2> {};

template <class T>
Tensors to_element(T&& result) {
  Tensors element;
  using Result = std::remove_cvref_t<T>;
  if constexpr (std::is_same_v<Result, Tensor>) {
    element.push_back(std::forward<T>(result));
  } else if constexpr (std::is_same_v<Result, data::Batch>) {
    element.assign({result.x, result.y});
  } else {
    std::apply([&](auto&&... tensors) { (element.push_back(Tensor(std::forward<decltype(tensors)>(tensors))), ...); },
               std::forward<T>(result));
  }
  return element;
}

/// The element type of a loop over a dataset of N tensors.
template <std::size_t N>
using ElementValue = std::conditional_t<N == 1, Tensor, std::array<Tensor, N>>;

template <std::size_t... I>
ElementValue<sizeof...(I)> to_value(const Tensors& element, std::index_sequence<I...>) {
  return {element[I]...};
}

template <class F, std::size_t... I>
decltype(auto) call_with(F& f, const Tensors& element, std::index_sequence<I...>) {
  return f(element[I]...);
}

/// What f returns for N tensors.
template <class F, class Indices>
struct CallResult;
template <class F, std::size_t... I>
struct CallResult<F, std::index_sequence<I...>> {
  using type =
      std::remove_cvref_t<std::invoke_result_t<F&, decltype((static_cast<void>(I), std::declval<const Tensor&>()))...>>;
};
template <class F, std::size_t N>
using CallResultOf = typename CallResult<F, std::make_index_sequence<N>>::type;

}  // namespace xtape::detail
