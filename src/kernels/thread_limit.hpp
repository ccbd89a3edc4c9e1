#pragma once

#include "kernels/parallel.hpp"

namespace xtape::kernels {

/// Limits the OpenMP threads of the calling thread's next region, which is where oneDNN and OpenBLAS take theirs from.
class ThreadLimit {
 public:
#ifdef _OPENMP
  explicit ThreadLimit(int threads) : before_(omp_get_max_threads()) { set(threads); }
  ~ThreadLimit() { set(before_); }

 private:
  static void set(int threads) {
    if (threads != omp_get_max_threads()) omp_set_num_threads(threads);
  }
  int before_;
#else
  explicit ThreadLimit(int) {}
#endif

 public:
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;
};

}  // namespace xtape::kernels
