#include "function/arena_plan.hpp"

#include <vector>

#include "support/check.hpp"
#include "xtape/core/random.hpp"

using namespace xtape;
using detail::ArenaArray;

namespace {

/// Random arrays of a few sizes and random lives.
std::vector<ArenaArray> random_arrays(std::uint64_t seed, std::size_t count, std::size_t longest_life) {
  random::Generator generator(static_cast<std::int64_t>(seed));
  const std::int64_t sizes[] = {0, 1, 8, 64, 65, 1000, 4096, 100000};
  std::vector<ArenaArray> arrays;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t first = generator.below(count), life = generator.below(longest_life + 1);
    arrays.push_back({sizes[generator.below(std::size(sizes))], first, first + life});
  }
  return arrays;
}

bool overlap(const ArenaArray& a, const ArenaArray& b) {
  const bool at_once = a.first <= b.last && b.first <= a.last;
  return at_once && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

}  // namespace

TEST_CASE("plan_arena: arrays that are in use at once do not overlap, few or many") {
  for (const std::size_t count : {0, 1, 2, 50, 1500, 4000}) {
    for (const std::size_t life : {0, 3, 200}) {
      CAPTURE(count);
      CAPTURE(life);
      auto arrays = random_arrays(count + life, count, life);
      const std::int64_t bytes = detail::plan_arena(arrays);
      std::size_t overlapping = 0, outside = 0;
      for (std::size_t i = 0; i < arrays.size(); ++i) {
        const ArenaArray& a = arrays[i];
        if (a.offset < 0 || a.offset % 64 != 0 || a.offset + a.bytes > bytes) ++outside;
        for (std::size_t k = 0; k < i; ++k) overlapping += overlap(a, arrays[k]) ? 1 : 0;
      }
      CHECK(overlapping == 0);
      CHECK(outside == 0);
    }
  }
}

TEST_CASE("plan_arena: what is not in use at the same time shares memory") {
  std::vector<ArenaArray> chain;  // each is read by the next step alone
  for (std::size_t i = 0; i < 5000; ++i) chain.push_back({640, i, i + 1});
  const auto few = std::span(chain).first(100);
  CHECK(detail::plan_arena(few) == 2 * 640);
  // Those that are not compared with all others have a place of their own, shared among them.
  CHECK(detail::plan_arena(chain) <= 4 * 640);
}
