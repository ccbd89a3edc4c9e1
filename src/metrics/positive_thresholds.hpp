#pragma once

#include <vector>

#include "metrics/ratio.hpp"

namespace xtape::detail {

/// The thresholds of Precision and Recall: 0.5 unless some are given; with top_k a threshold below everything, as the k
/// largest are positive.
template <class Options>
std::vector<double> positive_thresholds(const Options& options) {
  check_thresholds(options.name, options.thresholds);
  if (!options.thresholds.empty()) return options.thresholds;
  return {options.top_k ? -1e10 : 0.5};
}

}  // namespace xtape::detail
