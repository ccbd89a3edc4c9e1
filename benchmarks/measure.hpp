#pragma once

#include <functional>
#include <string>
#include <vector>

#include "result.hpp"

namespace bench {

/// One of several workloads that are measured in turns.
struct Contender {
  std::function<void()> step;
  std::string name = {};
  Role role = Role::own;
  int threads = 0;    ///< 0: as many as are set
  double us = 0;      ///< microseconds per step: the median over the blocks, or the fastest
  double spread = 0;  ///< distance of the quartiles, relative to the median
};

struct Effort {
  int rounds = 15;
  double block_ms = 20;
  double seconds = 20;   ///< after which there are no more rounds
  bool fastest = false;  ///< take the fastest block instead of the median
  std::vector<int> threads = {1, 2};
  bool smoke = false;  ///< one step each, of small workloads, only to check that all run
};

/// Runs a block of steps of each contender in turn, in many rounds, so that other load on the machine affects all of
/// them equally.
void measure(const std::vector<Contender*>& contenders, const Effort& effort);

/// The contenders of one row on that many threads, xtape's own the first.
using Setup = std::function<std::vector<Contender>(int threads)>;

/// Measures on each of the effort's numbers of threads, all in turns. A rival's ratio is that of its best number of
/// threads.
std::vector<Result> compare(const std::string& name, const Unit& unit, const std::vector<Goal>& goals,
                            const Effort& effort, const Setup& setup);
/// The same for workloads that do not depend on the number of threads.
std::vector<Result> compare_on_one_thread(const std::string& name, const Unit& unit, const std::vector<Goal>& goals,
                                          Effort effort, const std::vector<Contender>& contenders);

/// Sets the number of threads of xtape and, if it is used, of libtorch.
void set_threads(int threads);

}  // namespace bench
