#pragma once

#include "kernels/parallel.hpp"

namespace xtape::kernels {

/// Whether the process is the child of a fork(): OpenMP's threads are gone then, and a team would wait for them for
/// ever.
bool forked() noexcept;

/// Limits the threads of the calling thread's next OpenMP region, which oneDNN and OpenBLAS use. Inside a piece of a
/// loop and after a fork() the limit is one.
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
