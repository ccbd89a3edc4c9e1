#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "xtape/tape/structure.hpp"

namespace xtape {

namespace detail {

/// Whether all leaves of a structure are variables.
template <class S>
constexpr bool holds_variables() {
  if constexpr (Leaf<S>) {
    return std::derived_from<S, Variable>;
  } else if constexpr (MapLike<S>) {
    return holds_variables<typename S::mapped_type>();
  } else if constexpr (TupleLike<S>) {
    return []<std::size_t... i>(std::index_sequence<i...>) {
      return (holds_variables<std::remove_cvref_t<std::tuple_element_t<i, S>>>() && ...);
    }
    (std::make_index_sequence<std::tuple_size<S>::value>());
  } else {
    return holds_variables<typename S::value_type>();
  }
}

/// Throws a ValueError unless both numbers of leaves are the same.
void check_leaves(const char* op, std::size_t expected, std::size_t received);

}  // namespace detail

/// Tensors and variables in vectors, arrays, tuples, pairs and maps, nested in any way (keras.tree, tf.nest). A map's
/// leaves are in the order of its keys.
namespace tree {

/// Whether it is a vector, array, tuple, pair or map, and not a tensor or variable.
template <class T>
constexpr bool is_nested(const T&) {
  return detail::Structure<T>;
}

/// The leaves, in order: a std::vector<Variable> if all are variables, otherwise Tensors.
template <detail::LeafOrStructure S>
auto flatten(const S& structure) {
  std::conditional_t<detail::holds_variables<S>(), std::vector<Variable>, Tensors> leaves;
  detail::for_each_leaf(structure, [&](const auto& leaf) { leaves.push_back(leaf); });
  return leaves;
}

/// The structure with the given leaves, in order, in the place of its own. Throws a ValueError for another number.
template <detail::LeafOrStructure S, class Leaves>
auto pack_sequence_as(const S& structure, const Leaves& leaves) {
  detail::check_leaves("tree.pack_sequence_as", flatten(structure).size(), leaves.size());
  return detail::map_leaves(structure, [next = leaves.begin()](const auto&) mutable { return *next++; });
}

/// The structure with f(leaf) in the place of each leaf, or with f(leaf, leaf of the second structure, ...):
///
///     auto halves = tree::map_structure([](const Tensor& t) { return t / 2; }, grads);
///     auto sums = tree::map_structure([](const Tensor& a, const Tensor& b) { return a + b; }, grads, others);
///
/// f is called in order. Throws a ValueError if the structures have different numbers of leaves.
template <class F, detail::LeafOrStructure S, detail::LeafOrStructure... More>
auto map_structure(F&& f, const S& structure, const More&... more) {
  const auto others = std::tuple(flatten(more)...);
  const std::size_t count = flatten(structure).size();
  std::apply([&](const auto&... lists) { (detail::check_leaves("tree.map_structure", count, lists.size()), ...); },
             others);
  return detail::map_leaves(structure, [&, at = std::size_t{0}](const auto& leaf) mutable {
    const std::size_t i = at++;
    return std::apply([&](const auto&... lists) { return f(leaf, lists[i]...); }, others);
  });
}

}  // namespace tree
}  // namespace xtape
