#pragma once

#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// A tensor whose axes have names: equal numbers mean the same index of a sum of products.
struct Labelled {
  Tensor tensor;
  std::vector<int> labels;
};

/// The axes in the order of `labels`, which are those of x.
Tensor ordered(const Labelled& x, const std::vector<int>& labels);

/// The product of a and b, summed over the labels that both have and `keep` has not: [batch, free a, free b]. Labels
/// that both have are of equal sizes.
Labelled contract(const Labelled& a, const Labelled& b, const std::vector<int>& keep);

}  // namespace xtape::detail
