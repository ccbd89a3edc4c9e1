#pragma once

#include "xtape/base/threads.hpp"

namespace xtape::testing {

/// Sets the number of threads until the end of its life.
class Threads {
 public:
  explicit Threads(int threads) : before_(num_threads()) { set_num_threads(threads); }
  ~Threads() { set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace xtape::testing
