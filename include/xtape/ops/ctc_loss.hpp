#pragma once

#include <cstdint>

#include "xtape/core/tensor.hpp"

namespace xtape {
namespace nn {

/// Connectionist temporal classification (Graves et al., 2006; keras.ops.ctc_loss): -log of the probability that
/// softmax of the logits at each step gives a sequence that becomes the target when repeated symbols are merged and
/// blanks are left out. Of integer targets [batch, symbols], logits [batch, steps, classes] and their lengths, two
/// integer tensors [batch], gives the losses [batch]; what stands behind the lengths does not matter. `mask_index` is
/// the class of the blank.
///
/// Gradients flow to the logits. A target that does not fit into the steps has the loss +inf and a gradient of 0.
/// Throws a ValueError for other shapes and a mask_index that is no class, an IndexError for a symbol outside [0,
/// classes) and for a length that is negative or larger than the axis.
Tensor ctc_loss(const Tensor& target, const Tensor& output, const Tensor& target_length, const Tensor& output_length,
                std::int64_t mask_index = 0);

}  // namespace nn
}  // namespace xtape
