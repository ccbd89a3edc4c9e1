#pragma once

#include "layers/harness.hpp"

namespace xtape::testing {

/// Checks that config() of the layer, and of its clone, has the arguments and the fields of the options that the
/// class's header declares, in their order.
void check_config(const LayerRow& row);

}  // namespace xtape::testing
