// A data race inside a parallel loop of the library. ThreadSanitizer has to report it: a build that stays silent here
// proves nothing with its other tests. Not part of xtape_tests.
#include <fmt/format.h>

#include <cstdint>

#include "kernels/parallel.hpp"
#include "xtape/core/threads.hpp"

int main() {
  xtape::set_num_threads(2);
  std::int64_t sum = 0;
  for (int i = 0; i < 100; ++i) {
    xtape::kernels::parallel_for(1 << 16, 1 << 10, [&](std::int64_t begin, std::int64_t end) { sum += end - begin; });
  }
  fmt::print("{}\n", sum);
}
