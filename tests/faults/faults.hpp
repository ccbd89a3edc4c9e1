#pragma once

#include <functional>
#include <string>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape::testing {

/// Something to be done that asks for memory; it gives the same results each time.
struct Workload {
  std::string name;
  std::function<std::vector<Tensor>()> run;
};

/// Runs it again and again, each time with another of its allocations failing: the first, the second, ... (of very many
/// some). Each run throws an OutOfMemoryError or gives the right results, afterwards it gives them undisturbed, and
/// nothing is left over.
void check_each_allocation_may_fail(const Workload& workload);

}  // namespace xtape::testing
