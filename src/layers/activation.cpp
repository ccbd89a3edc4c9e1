#include "xtape/layers/activation.hpp"

#include <utility>

namespace xtape::layers {

Activation::Activation(ActivationFunction activation, ActivationOptions options)
    : LayerBase(options, {{"activation", activation}}), function_(std::move(activation)) {
  set_supports_masking(true);
}

Tensor Activation::call(const Tensor& inputs) { return function_(inputs); }

}  // namespace xtape::layers
