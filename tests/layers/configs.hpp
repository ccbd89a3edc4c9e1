#pragma once

#include "layers/harness.hpp"

namespace xtape::testing {

/// Layer::config() has the arguments and the fields of the options that the class's header declares, in their order,
/// and so has that of a clone.
void check_config(const LayerRow& row);

}  // namespace xtape::testing
