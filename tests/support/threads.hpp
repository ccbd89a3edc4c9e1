#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "kernels/parallel.hpp"
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

/// Runs f on every thread that an op may use, so that what each of them keeps for itself is there. A thread that the
/// system does not let run within a second is left out.
template <class F>
void on_all_threads(const F& f) {
  const int count = num_threads();
  std::atomic<int> begun{0};
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  kernels::share_calls(count, /*grains=*/1'000'000, [&](std::int64_t) {
    f();
    ++begun;
    while (begun < count && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  });
}

}  // namespace xtape::testing
