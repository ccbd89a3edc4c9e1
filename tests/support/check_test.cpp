#include "support/check.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "base/warn.hpp"
#include "support/allocation_count.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using testing::close;
using testing::same;
using testing::same_bits;
using testing::throws;

namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("support: close accepts what is within the tolerances") {
  CHECK_CLOSE(constant({{1.0, 2.0}, {3.0, 4.0}}), {1.0, 2.0, 3.0, 4.0});
  CHECK_CLOSE(constant({100.0, 0.0}), {101.0, 0.5}, 0.01, 0.5);
  CHECK_CLOSE(constant({nan_value, infinity, -infinity}), {nan_value, infinity, -infinity});
  CHECK_CLOSE(std::vector<int>{1, 2}, constant({1, 2}), 0);
  CHECK_CLOSE(3.0f, 3.0);
}

TEST_CASE("support: close names the first bad index, both values and the largest errors") {
  const Tensor actual = constant({{1.0, 2.0, 3.0}, {4.0, 50.0, 0.25}});
  const auto report = close(actual, constant({{1.0, 2.5, 3.0}, {4.0, 40.0, 0.125}}), 1e-3, 0.1);
  CHECK_FALSE(report.ok);
  CHECK(contains(report.text, "3 of 6 elements differ beyond rtol 0.001 and atol 0.1"));
  CHECK(contains(report.text, "float32 (2, 3)"));
  CHECK(contains(report.text, "first at [0, 1]: actual 2, expected 2.5"));
  CHECK(contains(report.text, "largest absolute error 10 at [1, 1]"));
  CHECK(contains(report.text, "largest relative error 1 at [1, 2]"));
}

TEST_CASE("support: close rejects other shapes, NaN and infinities on one side") {
  CHECK(contains(close(zeros({2, 3}), zeros({3, 2})).text,
                 "shapes differ: actual float32 (2, 3), expected float32 (3, 2)"));
  CHECK_FALSE(close(zeros({2}), {0.0}).ok);
  CHECK_FALSE(close(constant({nan_value}), {1.0}, 1e9, 1e9).ok);
  CHECK_FALSE(close(constant({1.0}), {nan_value}, 1e9, 1e9).ok);
  CHECK_FALSE(close(constant({1.0}), {infinity}, 1e9, 1e9).ok);
  CHECK_FALSE(close(constant({infinity}), {-infinity}, 1e9, 1e9).ok);
  CHECK_FALSE(close(constant({infinity}), {1.0}, 1e9, 1e9).ok);
}

TEST_CASE("support: tensors are equal with dtype, shape and values") {
  CHECK_TENSOR_EQ(constant({{1, 2}, {3, 4}}), constant({{1, 2}, {3, 4}}));
  CHECK_TENSOR_EQ(constant({nan_value, -0.0f}), constant({nan_value, 0.0f}));
  CHECK(contains(same(constant({1, 2, 4}), constant({1, 2, 3})).text,
                 "1 of 3 elements differ, the first at [2]: actual 4, expected 3"));
  CHECK(contains(same(zeros({2}), zeros({1, 2})).text, "actual float32 (2,), expected float32 (1, 2)"));
  CHECK(contains(same(zeros({2}), zeros({2}, float64)).text, "actual float32 (2,), expected float64 (2,)"));
  CHECK(contains(same(Tensor(), zeros({2})).text, "actual is empty"));
  // Beyond the integers that a double can tell apart.
  const std::int64_t large = (std::int64_t{1} << 60) + 1;
  CHECK_FALSE(same(constant(large, int64), constant(large - 1, int64)).ok);
  CHECK_FALSE(same_bits(constant({-0.0f}), constant({0.0f})).ok);
  CHECK_SAME_BITS(constant({nan_value}), constant({nan_value}));
}

TEST_CASE("support: throws tells type and text") {
  const auto fails = [] { throw ValueError("[op] sizes differ: 1 and 2"); };
  CHECK_THROWS_TEXT(ValueError, "[op] sizes differ: 1", fails());
  CHECK_THROWS_TEXT(std::invalid_argument, "sizes", fails());
  CHECK_THROWS_TEXT(Error, "sizes", throw IndexError("sizes"));
  CHECK(contains(throws<ValueError>("ValueError", "ranks", fails).text, "received: [op] sizes differ: 1 and 2"));
  CHECK_FALSE(throws<ValueError>("ValueError", "ranks", fails).ok);
  CHECK(contains(throws<TypeError>("TypeError", "sizes", fails).text, "expected a TypeError, received a "));
  CHECK(contains(throws<TypeError>("TypeError", "sizes", [] {}).text, "expected a TypeError, nothing was thrown"));
}

TEST_CASE("support: captured warnings are counted, and the handler before comes back") {
  testing::WarningCapture outer;
  std::atomic<int> given{0};
  {
    testing::WarningCapture inner;
    for (int i = 0; i < 3; ++i) detail::warn_limited(given, 2, "op", "odd value {}", i);
    CHECK(inner.messages() == std::vector<std::string>{"[op] odd value 0", "[op] odd value 1"});
  }
  CHECK(outer.count() == 0);
  detail::warn("again");
  CHECK(outer.text() == "again\n");
}

TEST_CASE("support: allocations are counted") {
  if (!testing::AllocationCount::available()) return;
  static void* volatile blocks[3];  // volatile, or the compiler leaves the calls out
  const testing::AllocationCount none;
  blocks[0] = nullptr;
  const auto zero = none.value();
  const testing::AllocationCount count;
  blocks[0] = new int(1);
  blocks[1] = std::malloc(10);
  blocks[2] = std::aligned_alloc(64, 64);
  const auto three = count.value();
  delete static_cast<int*>(blocks[0]);
  std::free(blocks[1]);
  std::free(blocks[2]);
  CHECK(zero == 0);
  CHECK(three == 3);
}
