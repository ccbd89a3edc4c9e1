#pragma once

#include <vector>

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Permute.
struct PermuteOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// Permutes the axes of the samples, which `dims` counts from 1: Permute({2, 1}) transposes matrices
/// (keras.layers.Permute). Throws a ValueError for what is not a permutation, and for an input of another rank.
class Permute : public LayerBase<Permute> {
 public:
  explicit Permute(const std::vector<int>& dims, PermuteOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  std::vector<int> permutation_;  ///< with the batch in front
};

}  // namespace xtape::layers
