#pragma once

#include <functional>
#include <vector>

namespace bench {

/// One of several that are measured in turns.
struct Contender {
  std::function<void()> step;
  double us = 0;      ///< median over the blocks of microseconds per step
  double spread = 0;  ///< distance of the quartiles, relative to the median
};

struct Effort {
  int rounds = 15;
  double block_ms = 25;
};

/// Runs a block of steps of each contender in turn, round after round, so that whatever else the machine does meets all
/// of them alike.
void measure(std::vector<Contender*> contenders, const Effort& effort);

}  // namespace bench
