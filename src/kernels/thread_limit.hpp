#pragma once

#include "kernels/parallel.hpp"

namespace xtape::kernels {

/// Whether the process is the child of a fork() after which OpenMP's threads are gone; a team would wait for them.
bool forked() noexcept;

/// Limits the OpenMP threads of the calling thread's next region, which is where oneDNN and OpenBLAS take theirs from:
/// one inside a piece of a loop, and after a fork().
class ThreadLimit {
 public:
#ifdef _OPENMP
  explicit ThreadLimit(int threads) : before_(omp_get_max_threads()) { set(in_piece() || forked() ? 1 : threads); }
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
