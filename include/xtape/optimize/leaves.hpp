#pragma once

#include <concepts>
#include <span>
#include <vector>

#include "xtape/tape/structure.hpp"

// How the solvers of this folder see an x that is a tensor or a structure of tensors: as a list of tensors.
namespace xtape::detail {

/// The tensors of a structure, in order.
template <LeafOrStructure X>
std::vector<Tensor> leaves_of(const X& x) {
  std::vector<Tensor> leaves;
  for_each_leaf(x, [&](const auto& leaf) {
    static_assert(std::derived_from<std::remove_cvref_t<decltype(leaf)>, Tensor>,
                  "x holds tensors; to solve for variables, give a function without arguments and the variables");
    leaves.push_back(leaf);
  });
  return leaves;
}

/// The structure with other tensors.
template <LeafOrStructure X>
X with_leaves(X x, std::span<const Tensor> leaves) {
  for_each_leaf(x, [next = leaves.begin()](Tensor& leaf) mutable { leaf = *next++; });
  return x;
}

}  // namespace xtape::detail
