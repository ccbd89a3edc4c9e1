#pragma once

#include "layers/harness.hpp"

namespace xtape::testing {

/// A row's layer in a function(): four calls with different inputs, of which the first is traced and the others are
/// replays, give the bits that the layer gives without it: outputs, gradients for inputs and weights, second
/// derivatives, and afterwards the same weights, averages and states. In training and not.
void check_replays(const LayerRow& row);

}  // namespace xtape::testing
