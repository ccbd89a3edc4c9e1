#pragma once

#include <string>
#include <vector>

#include "measure.hpp"

namespace bench {

/// Model::fit beside the same loop written by hand: microseconds per batch.
struct FitResult {
  std::string name;
  int threads;
  double fit_us;
  double hand_us;
};

/// Measures and prints what has `filter` in its name.
std::vector<FitResult> run_fit_benchmarks(const std::string& filter, const Effort& effort);

}  // namespace bench
