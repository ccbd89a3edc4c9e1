#pragma once

#include <string>
#include <vector>

#include "measure.hpp"

namespace bench {

/// One formula over arrays of one size: microseconds with map, in a loop written by hand, and in separate ops.
struct MapResult {
  std::string name;
  int threads;
  double map_us;
  double hand_us;
  double ops_us;
};

/// Measures and prints what has `filter` in its name.
std::vector<MapResult> run_map_benchmarks(const std::string& filter, const Effort& effort);

}  // namespace bench
