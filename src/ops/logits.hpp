#pragma once

#include "xtape/core/tensor.hpp"

// How probabilities remember their logits, for the losses' stable formulas (TensorImpl::origin). The origin of a
// softmax is its logits. The origin of a sigmoid is a view of its logits, whose own origin is the logits. This tells
// the two apart, and leads to the very tensor that the tape knows. Logits that have an origin themselves are not
// remembered, since destroying a long chain would recurse.
namespace xtape::detail {

/// Notes the logits x in the result y of a softmax over the last axis, or of a sigmoid.
void remember_softmax(const Tensor& y, const Tensor& x);
void remember_sigmoid(const Tensor& y, const Tensor& x);

/// The logits of a tensor that a sigmoid has computed; otherwise empty. See also logits_of in xtape/ops/nn.hpp.
Tensor sigmoid_logits_of(const Tensor& probabilities);

}  // namespace xtape::detail
