#pragma once

#include "xtape/core/tensor.hpp"

// How probabilities remember their logits, for the losses' stable formulas (Provenance). Logits that are probabilities
// of other logits are not remembered, since destroying a long chain would recurse.
namespace xtape::detail {

/// Notes the logits x in the result y of a softmax over the last axis, or of a sigmoid.
void remember_softmax(const Tensor& y, const Tensor& x);
void remember_sigmoid(const Tensor& y, const Tensor& x);

/// The logits of a tensor that a sigmoid has computed; otherwise empty. See also logits_of in xtape/ops/nn.hpp.
Tensor sigmoid_logits_of(const Tensor& probabilities);

}  // namespace xtape::detail
