#pragma once

#include <string>
#include <vector>

namespace xtape {

/// What GradientTape::explain found out about a target and a source.
struct Explanation {
  bool connected = false;  ///< whether gradients flow from the target to the source
  /// The answer in words: why there is no gradient, or by which ops it comes about.
  std::string text;
  /// The ops on the way from the source to the target, "matmul #3 -> (50, 10)"; empty where there is no way at all. If
  /// it is not connected, some op on it lets no gradient through.
  std::vector<std::string> path;
};

}  // namespace xtape
