#pragma once

#include <cstdint>
#include <vector>

namespace xtape::detail {

/// The windows of adaptive pooling: of `steps`, window i has those from floor(i steps / size) to, and without,
/// ceil((i + 1) steps / size). They have two sizes, small and small + 1 (as keras.src.backend.common.backend_utils,
/// compute_adaptive_pooling_window_sizes).
struct AdaptiveWindows {
  AdaptiveWindows(std::int64_t steps, std::int64_t size) : small((steps + size - 1) / size) {
    for (std::int64_t i = 0; i < size; ++i) {
      const std::int64_t begin = i * steps / size, end = ((i + 1) * steps + size - 1) / size;
      const bool big = end - begin > small;
      places.push_back(big ? steps - small + 1 + begin : begin);
      has_big = has_big || big;
    }
  }

  std::int64_t small;
  bool has_big = false;              ///< whether there are windows of the other size
  std::vector<std::int64_t> places;  ///< of each window among all of the small size, followed by all of the other one
};

}  // namespace xtape::detail
