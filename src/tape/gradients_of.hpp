#pragma once

#include <span>
#include <vector>

#include "xtape/tape/gradient_tape.hpp"

namespace xtape::detail {

/// The gradients of several targets for given output gradients, in the form that a rule returns: one for each source,
/// empty for sources that are not floating. A source that is given twice has its whole gradient at its first position.
Grads gradients_of_each(GradientTape& tape, const std::vector<Tensor>& targets, std::span<const Source> sources,
                        const std::vector<Tensor>& output_gradients);

}  // namespace xtape::detail
