#include "xtape/layers/permute.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/check.hpp"
#include "layers/input_checks.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::layers {

Permute::Permute(const std::vector<int>& dims, PermuteOptions options)
    : LayerBase(options, {{"dims", dims}}), permutation_{0} {
  permutation_.insert(permutation_.end(), dims.begin(), dims.end());
  std::vector<int> sorted = dims;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int>(i) + 1) {
      detail::fail<ValueError>("Permute",
                               "Invalid permutation argument `dims` for Permute Layer. The set of indices in `dims` "
                               "must be consecutive and start from 1. Received dims=({})",
                               fmt::join(dims, ", "));
    }
  }
}

Tensor Permute::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), static_cast<int>(permutation_.size()));
  return transpose(inputs, permutation_);
}

}  // namespace xtape::layers
