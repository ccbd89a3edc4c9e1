// A data race inside a parallel loop of the library. ThreadSanitizer has to report it: a build that stays silent here
// proves nothing with its other tests. Not part of xtape_tests.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "kernels/parallel.hpp"
#include "xtape/base/threads.hpp"

int main() {
  xtape::set_num_threads(2);
  std::int64_t sum = 0;
  std::atomic<int> begun{0};
  xtape::kernels::parallel_for(1 << 11, 1 << 10, [&](std::int64_t begin, std::int64_t end) {
    // Two pieces, each waits for the other to begin, or else the caller may do both before a helper is awake.
    begun.fetch_add(1, std::memory_order_relaxed);
    const auto latest = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (begun.load(std::memory_order_relaxed) < 2 && std::chrono::steady_clock::now() < latest) {
    }
    for (int i = 0; i < 1000; ++i) sum += end - begin;
  });
  fmt::print("{}\n", sum);
}
