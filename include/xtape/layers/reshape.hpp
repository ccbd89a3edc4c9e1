#pragma once

#include <vector>

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Reshape.
struct ReshapeOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// Reshapes the samples without a copy: [batch, ...] -> [batch, target_shape...] (keras.layers.Reshape). One size may
/// be -1; it follows from the others. Throws a ValueError when the numbers of elements differ.
class Reshape : public LayerBase<Reshape> {
 public:
  explicit Reshape(Shape target_shape, ReshapeOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Shape target_shape_;
  Shape output_;  ///< with the batch in front
};

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

/// Keyword arguments of RepeatVector.
struct RepeatVectorOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// Repeats each sample n times: [batch, features] -> [batch, n, features] (keras.layers.RepeatVector). Throws a
/// ValueError for n < 1 and an input of another rank.
class RepeatVector : public LayerBase<RepeatVector> {
 public:
  explicit RepeatVector(std::int64_t n, RepeatVectorOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t n_;
};

}  // namespace xtape::layers
