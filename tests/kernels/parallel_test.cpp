#include "kernels/parallel.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "kernels/thread_limit.hpp"
#include "support/check.hpp"
#include "support/sanitizer.hpp"
#include "support/threads.hpp"

namespace {

using namespace xtape;

using Pieces = std::vector<std::pair<std::int64_t, std::int64_t>>;

enum class Kind { elements, rows };

Pieces pieces_of(Kind kind, std::int64_t n, std::int64_t grain, int threads) {
  const testing::Threads guard(threads);
  std::mutex mutex;
  Pieces pieces;
  const auto note = [&](std::int64_t begin, std::int64_t end) {
    const std::lock_guard lock(mutex);
    pieces.emplace_back(begin, end);
  };
  if (kind == Kind::elements) {
    kernels::parallel_for(n, grain, note);
  } else {
    kernels::parallel_rows(n, grain, note);
  }
  std::sort(pieces.begin(), pieces.end());
  return pieces;
}

}  // namespace

TEST_CASE("parallel: the pieces are the whole, once") {
  for (const Kind kind : {Kind::elements, Kind::rows}) {
    for (const int threads : {1, 2, 3, 7}) {
      for (const std::int64_t n : {1, 2, 63, 64, 65, 127, 128, 129, 1000, 4096, 100003}) {
        for (const std::int64_t grain : {1, 10, 64, 1000}) {
          CAPTURE(threads);
          CAPTURE(n);
          CAPTURE(grain);
          std::int64_t reached = 0;
          bool joined = true;
          for (const auto& [begin, end] : pieces_of(kind, n, grain, threads)) {
            joined = joined && begin == reached && end > begin;
            if (kind == Kind::elements) joined = joined && begin % 64 == 0;
            reached = end;
          }
          CHECK(joined);
          CHECK(reached == n);
        }
      }
    }
  }
}

TEST_CASE("parallel: little work stays on the calling thread, in one piece") {
  for (const Kind kind : {Kind::elements, Kind::rows}) {
    CHECK(pieces_of(kind, 199, 100, 4).size() == 1);
    CHECK(pieces_of(kind, 100000, 1, 1).size() == 1);
    CHECK(pieces_of(kind, 0, 1, 4).empty());
    CHECK(pieces_of(kind, -5, 1, 4).empty());
  }
  const testing::Threads guard(4);
  std::thread::id id;
  kernels::parallel_for(100, 100, [&](std::int64_t, std::int64_t) { id = std::this_thread::get_id(); });
  CHECK(id == std::this_thread::get_id());
}

#ifdef _OPENMP
TEST_CASE("parallel: enough work is shared by as many threads as are set") {
  CHECK(pieces_of(Kind::elements, 100000, 100, 2).size() == 2);
  CHECK(pieces_of(Kind::rows, 10, 1, 3).size() == 3);
  // No piece below the grain.
  CHECK(pieces_of(Kind::rows, 30, 10, 8).size() == 3);
  CHECK(pieces_of(Kind::elements, 3000, 1000, 8).size() == 3);
}

TEST_CASE("parallel: inside a parallel piece everything stays on its thread") {
  const testing::Threads guard(2);
  std::atomic<int> inner{0};
  kernels::parallel_rows(2, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto id = std::this_thread::get_id();
      kernels::parallel_rows(100, 1, [&](std::int64_t from, std::int64_t to) {
        if (from == 0 && to == 100 && std::this_thread::get_id() == id) ++inner;
      });
    }
  });
  CHECK(inner == 2);
}
#endif

TEST_CASE("parallel: an exception of a piece comes out of the loop, and the next loop is a good one") {
  for (const Kind kind : {Kind::elements, Kind::rows}) {
    for (const int threads : {1, 2, 4}) {
      CAPTURE(threads);
      const testing::Threads guard(threads);
      for (int round = 0; round < 20; ++round) {
        const auto thrower = [&](std::int64_t begin, std::int64_t end) {
          if (begin <= 30000 && 30000 < end) throw std::range_error("30000");
        };
        const auto run = [&] {
          if (kind == Kind::elements) {
            kernels::parallel_for(100000, 100, thrower);
          } else {
            kernels::parallel_rows(100000, 100, thrower);
          }
        };
        CHECK_THROWS_WITH_AS(run(), "30000", std::range_error);
        CHECK_FALSE(kernels::in_piece());
        std::atomic<std::int64_t> sum{0};
        kernels::parallel_for(10000, 100, [&](std::int64_t begin, std::int64_t end) { sum += end - begin; });
        CHECK(sum == 10000);
      }
    }
  }
}

TEST_CASE("parallel: if every piece throws, one exception comes out") {
  const testing::Threads guard(4);
  for (int round = 0; round < 50; ++round) {
    CHECK_THROWS_AS(kernels::parallel_rows(64, 1, [](std::int64_t, std::int64_t) { throw std::bad_alloc(); }),
                    std::bad_alloc);
  }
}

#ifdef _OPENMP
TEST_CASE("parallel: the caller does what no helper has begun") {
  const testing::Threads guard(2);
  const auto caller = std::this_thread::get_id();
  kernels::parallel_rows(2, 1, [](std::int64_t, std::int64_t) {});  // the helper is there
  // A helper inside a long piece of another caller's loop cannot come to this one.
  std::atomic<bool> held{false}, let_go{false};
  std::atomic<int> by_others{0};
  std::thread other([&] {
    kernels::parallel_rows(2, 1, [&](std::int64_t, std::int64_t) {
      held = true;
      while (!let_go) std::this_thread::yield();
    });
  });
  while (!held) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // time for both pieces to begin
  for (int i = 0; i < 100; ++i) {
    kernels::parallel_rows(2, 1, [&](std::int64_t, std::int64_t) {
      if (std::this_thread::get_id() != caller) ++by_others;
    });
  }
  let_go = true;  // the loops above have ended while the helper was held
  other.join();
  CHECK(by_others <= 100);
}

TEST_CASE("parallel: a child of fork() has helpers of its own") {
  if (testing::thread_sanitizer) return;
  const testing::Threads guard(2);
  const auto sum = [] {
    std::atomic<std::int64_t> sum{0};
    for (int i = 0; i < 100; ++i) {
      kernels::parallel_for(10000, 100, [&](std::int64_t begin, std::int64_t end) { sum += end - begin; });
    }
    return sum.load();
  };
  CHECK(sum() == 1000000);
  const pid_t child = fork();
  if (child == 0) {
    alarm(600);  // ends a child that hangs
    _exit(sum() == 1000000 && kernels::forked() ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK_FALSE(kernels::forked());
}
#endif

TEST_CASE("parallel: many threads may each run parallel loops") {
  const testing::Threads guard(2);
  std::vector<std::thread> callers;
  std::vector<std::int64_t> sums(4);
  for (auto& sum : sums) {
    callers.emplace_back([&sum] {
      std::vector<std::int64_t> values(10000);
      for (int i = 0; i < 20; ++i) {
        kernels::parallel_for(10000, 100, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t k = begin; k < end; ++k) ++values[static_cast<std::size_t>(k)];
        });
      }
      for (const auto value : values) sum += value;
    });
  }
  for (auto& caller : callers) caller.join();
  for (const auto sum : sums) CHECK(sum == 200000);
}
