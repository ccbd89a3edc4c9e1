#pragma once

#include <functional>
#include <string>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape::testing {

/// A computation that allocates memory and gives the same results each time.
struct Workload {
  std::string name;
  std::function<std::vector<Tensor>()> run;
};

/// Runs the workload repeatedly; in each run another allocation fails: the first, the second, ... (a sample if there
/// are very many). Each run must throw an OutOfMemoryError or give the right results. Afterwards the workload must give
/// the right results, and no memory may leak.
void check_each_allocation_may_fail(const Workload& workload);

}  // namespace xtape::testing
