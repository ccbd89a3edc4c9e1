#include "base/per_thread.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

namespace {

std::atomic<int> alive{0};
struct Counted {
  Counted() { ++alive; }
  ~Counted() { --alive; }
  int value = 0;
};

}  // namespace

TEST_CASE("PerThread: an object for each thread that asks, destroyed when its thread ends") {
  static auto* const objects = new xtape::detail::PerThread<Counted>;
  CHECK(alive == 0);
  Counted& own = objects->get();
  own.value = 3;
  CHECK(&objects->get() == &own);
  std::thread([&] {
    CHECK(&objects->get() != &own);
    CHECK(objects->get().value == 0);
    objects->get().value = 4;
    CHECK(objects->get().value == 4);
    CHECK(alive == 2);
  }).join();
  CHECK(alive == 1);
  CHECK(objects->get().value == 3);
}
