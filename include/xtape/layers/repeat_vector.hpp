#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

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
