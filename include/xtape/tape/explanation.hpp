#pragma once

#include <string>
#include <vector>

#include "xtape/base/compiler.hpp"

namespace xtape {

/// The answer of GradientTape::explain about a target and a source.
struct Explanation {
  bool connected = false;  ///< whether gradients flow from the target to the source
  /// The answer in words: why there is no gradient, or through which ops it flows.
  std::string text;
  /// The ops on the path from the source to the target, such as "matmul #3 -> (50, 10)"; empty if there is no path. If
  /// the two are not connected, an op on the path has no gradient.
  std::vector<std::string> path;
};

}  // namespace xtape
