#pragma once

#include <vector>

#include "layers/harness.hpp"

namespace xtape::testing {

/// The rows of all tables.
const std::vector<LayerRow>& all_layer_rows();

}  // namespace xtape::testing
