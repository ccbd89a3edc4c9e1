#include "kernels/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "support/check.hpp"
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
