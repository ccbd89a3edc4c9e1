#pragma once

#include "xtape/core/tensor.hpp"

// How probabilities remember the logits they were made of, for the losses' stable path (TensorImpl::origin). That of a
// softmax is its logits; that of a sigmoid is a view of its logits, whose own origin are the logits: so the two are
// told apart, and the logits are found as the tape knows them. Logits that have an origin themselves are not
// remembered: destroying a long chain of them would recurse.
namespace xtape::detail {

/// Remembers the logits x of probabilities y that a softmax over the last axis, or a sigmoid, has just made.
void remember_softmax(const Tensor& y, const Tensor& x);
void remember_sigmoid(const Tensor& y, const Tensor& x);

/// The logits of a tensor that a sigmoid made; otherwise empty. See also logits_of, in xtape/ops/nn.hpp.
Tensor sigmoid_logits_of(const Tensor& probabilities);

}  // namespace xtape::detail
