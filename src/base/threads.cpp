#include "xtape/base/threads.hpp"

#include <atomic>

#include "base/check.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace xtape {
namespace {

int default_threads() noexcept {
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

std::atomic<int> threads{0};

}  // namespace

int num_threads() noexcept {
  const int n = threads.load(std::memory_order_relaxed);
  if (n > 0) return n;
  const int wanted = default_threads();
  threads.store(wanted, std::memory_order_relaxed);
  return wanted;
}

void set_num_threads(int n) {
  if (n < 1) detail::fail<ValueError>("set_num_threads", "expected at least 1 thread, received {}", n);
#ifdef _OPENMP
  threads.store(n, std::memory_order_relaxed);
#endif
}

}  // namespace xtape
