#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"

// Tensors and variables in vectors, arrays, tuples, pairs and maps, nested in any way (TensorFlow's tf.nest, JAX's
// pytrees).
namespace xtape::detail {

template <class T>
concept Leaf = std::derived_from<std::remove_cvref_t<T>, Tensor> || std::derived_from<std::remove_cvref_t<T>, Variable>;

template <class T>
concept TupleLike = requires {
  std::tuple_size<std::remove_cvref_t<T>>::value;
};

template <class T>
concept MapLike = requires {
  typename T::key_type;
  typename T::mapped_type;
};

template <class T>
concept RangeLike =
    !MapLike<T> && !TupleLike<T> && !std::is_convertible_v<T, std::string_view> && requires(const T& t) {
  typename T::value_type;
  t.begin();
  t.end();
  t.size();
};

template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t n>
inline constexpr bool is_array<std::array<T, n>> = true;

/// Vectors, arrays, tuples, pairs and maps, but no leaf.
template <class T>
concept Structure = !Leaf<T> && (TupleLike<T> || MapLike<std::remove_cvref_t<T>> || RangeLike<std::remove_cvref_t<T>>);

template <class T>
concept LeafOrStructure = Leaf<T> || Structure<T>;

/// Calls f with each leaf, in order.
template <class S, class F>
void for_each_leaf(S&& structure, F&& f) {
  using T = std::remove_cvref_t<S>;
  if constexpr (Leaf<T>) {
    f(structure);
  } else if constexpr (TupleLike<T>) {
    std::apply([&](auto&... parts) { (for_each_leaf(parts, f), ...); }, structure);
  } else if constexpr (MapLike<T>) {
    for (auto& [key, value] : structure) for_each_leaf(value, f);
  } else {
    static_assert(RangeLike<T>, "expected tensors or variables in vectors, arrays, tuples, pairs or maps");
    for (auto& value : structure) for_each_leaf(value, f);
  }
}

/// The map type M with values of type R, and the same order or hash of its keys.
template <class M, class R>
struct RebindMap;
template <template <class...> class Map, class K, class R, class... Rest>
requires requires { typename Map<K, Rest...>::key_compare; }
struct RebindMap<Map<K, Rest...>, R> {
  using type = Map<K, R, typename Map<K, Rest...>::key_compare>;
};
template <template <class...> class Map, class K, class R, class... Rest>
requires requires { typename Map<K, Rest...>::hasher; }
struct RebindMap<Map<K, Rest...>, R> {
  using type = Map<K, R, typename Map<K, Rest...>::hasher, typename Map<K, Rest...>::key_equal>;
};

/// The same structure with f(leaf) at the place of each leaf. f is called in order.
template <class S, class F>
auto map_leaves(const S& structure, F&& f) {
  if constexpr (Leaf<S>) {
    return f(structure);
  } else if constexpr (is_array<S>) {
    using R = decltype(map_leaves(structure[0], f));
    return [&]<std::size_t... i>(std::index_sequence<i...>) {
      return std::array<R, sizeof...(i)>{map_leaves(structure[i], f)...};
    }
    (std::make_index_sequence<std::tuple_size<S>::value>());
  } else if constexpr (requires { structure.second; }) {
    auto first = map_leaves(structure.first, f);
    return std::pair(std::move(first), map_leaves(structure.second, f));
  } else if constexpr (TupleLike<S>) {
    return std::apply([&](const auto&... parts) { return std::tuple{map_leaves(parts, f)...}; }, structure);
  } else if constexpr (MapLike<S>) {
    using R = decltype(map_leaves(structure.begin()->second, f));
    typename RebindMap<S, R>::type result;
    for (const auto& [key, value] : structure) result.emplace(key, map_leaves(value, f));
    return result;
  } else {
    using R = decltype(map_leaves(*structure.begin(), f));
    std::conditional_t<std::is_same_v<R, Tensor>, Tensors, std::vector<R>> result;
    result.reserve(structure.size());
    for (const auto& value : structure) result.push_back(map_leaves(value, f));
    return result;
  }
}

}  // namespace xtape::detail
