#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Flatten.
struct FlattenOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// [batch, ...] -> [batch, product of the rest], without a copy (keras.layers.Flatten). A vector [batch] becomes
/// [batch, 1].
class Flatten : public LayerBase<Flatten> {
 public:
  explicit Flatten(FlattenOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;
};

}  // namespace xtape::layers
