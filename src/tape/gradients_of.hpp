#pragma once

#include <span>
#include <vector>

#include "xtape/tape/gradient_tape.hpp"

namespace xtape::detail {

/// The gradients of several targets, with what they start from, as a rule returns them: one for each source, empty for
/// one that is not floating. A source that was given twice has its whole gradient at its first place.
Grads gradients_of_each(GradientTape& tape, const std::vector<Tensor>& targets, std::span<const Source> sources,
                        const std::vector<Tensor>& output_gradients);

}  // namespace xtape::detail
