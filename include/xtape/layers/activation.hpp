#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/ops/activation_function.hpp"

namespace xtape::layers {

/// Keyword arguments of Activation.
struct ActivationOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// Applies a function element by element, or along the last axis for softmax (keras.layers.Activation).
class Activation : public LayerBase<Activation> {
 public:
  explicit Activation(ActivationFunction activation, ActivationOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  ActivationFunction function_;
};

}  // namespace xtape::layers
