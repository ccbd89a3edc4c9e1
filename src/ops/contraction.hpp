#pragma once

#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// A tensor whose axes have labels. Equal labels mean the same index of a sum of products.
struct Labelled {
  Tensor tensor;
  std::vector<int> labels;
};

/// x with its axes permuted to the order of `labels`, which are a permutation of x.labels.
Tensor ordered(const Labelled& x, const std::vector<int>& labels);

/// The product of a and b, summed over their common labels that are not in `keep`: [batch, free a, free b]. The sizes
/// of common labels are equal.
Labelled contract(const Labelled& a, const Labelled& b, const std::vector<int>& keep);

}  // namespace xtape::detail
