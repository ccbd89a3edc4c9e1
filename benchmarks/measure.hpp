#pragma once

#include <functional>
#include <vector>

namespace bench {

/// One of several that are measured in turns.
struct Contender {
  std::function<void()> step;
  double us = 0;      ///< microseconds per step: the median over the blocks, or the fastest
  double spread = 0;  ///< distance of the quartiles, relative to the median
};

struct Effort {
  int rounds = 15;
  double block_ms = 25;
  double seconds = 60;   ///< after which there are no more rounds
  bool fastest = false;  ///< take the fastest block rather than the median
};

/// Runs a block of steps of each contender in turn, round after round, so that whatever else the machine does meets all
/// of them alike.
void measure(std::vector<Contender*> contenders, const Effort& effort);

}  // namespace bench
