#pragma once

#include "base/check.hpp"
#include "xtape/layers/layer.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::detail {

/// The input of a layer that takes {x} or {x, mask}: x, with the mask if there is one.
inline Tensor with_given_mask(const Layer& layer, const TensorList& inputs) {
  if (inputs.size() == 1) return inputs.front();
  if (inputs.size() != 2 || inputs[1].dtype() != boolean) {
    fail<ValueError>(layer.class_name().c_str(),
                     "layer \"{}\" expects 1 input(s), or an input and a bool mask, but it received {} input tensors",
                     layer.name(), inputs.size());
  }
  return with_mask(inputs[0], inputs[1]);
}

}  // namespace xtape::detail
