#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Identity.
struct IdentityOptions {
  DTypePolicy dtype = {};
  std::string name = {};
};

/// Passes its inputs on (keras.layers.Identity).
class Identity : public LayerBase<Identity> {
 public:
  explicit Identity(IdentityOptions options = {}) : LayerBase(std::move(options.name), options.dtype) {}

 protected:
  TensorList call_list(const TensorList& inputs) override { return inputs; }
};

}  // namespace xtape::layers
