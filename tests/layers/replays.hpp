#pragma once

#include "layers/harness.hpp"

namespace xtape::testing {

/// Checks a row's layer inside function(): four calls with different inputs (one trace, three replays) give the same
/// bits as the layer itself: outputs, gradients for inputs and weights, second derivatives, and the weights, moving
/// statistics and states after the calls. In training and outside it.
void check_replays(const LayerRow& row);

}  // namespace xtape::testing
