#include "xtape/data/random_batches.hpp"

#include <cmath>
#include <vector>

#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using namespace xtape::testing;
using data::RandomBatches;
using data::TensorDataset;

namespace {

/// Example i is (i, -i) with target i.
TensorDataset numbered(int n) {
  std::vector<float> x;
  for (int i = 0; i < n; ++i) x.insert(x.end(), {static_cast<float>(i), -static_cast<float>(i)});
  return {constant(x, {n, 2}), arange(n)};
}

std::vector<std::int32_t> draw(RandomBatches& batches) { return batches.next().y.to_vector<std::int32_t>(); }

}  // namespace

TEST_CASE("RandomBatches: every example comes with its target") {
  const TensorDataset data = numbered(100);
  RandomBatches batches(data, 50, 1);
  for (int i = 0; i < 10; ++i) {
    auto [x, y] = batches.next();
    CHECK(x.shape() == Shape{50, 2});
    CHECK(x.dtype() == float32);
    CHECK(y.dtype() == int32);
    const auto pairs = x.to_vector<float>();
    const auto labels = y.to_vector<std::int32_t>();
    for (std::size_t k = 0; k < labels.size(); ++k) {
      CHECK(pairs[2 * k] == static_cast<float>(labels[k]));
      CHECK(pairs[2 * k + 1] == -static_cast<float>(labels[k]));
    }
  }
}

TEST_CASE("RandomBatches: uniform draws with replacement") {
  // 10000 draws from 10 examples: each about 1000 times, with a standard deviation of 30; and batches of 20 from 10
  // examples hold some twice.
  auto [x, y] = *numbered(11).batch(10).begin();  // an 11th row follows in memory, which must never occur
  RandomBatches batches(TensorDataset(x, y), 20, 5);
  std::vector<int> count(10);
  std::vector<int> pairs(100);
  for (int i = 0; i < 500; ++i) {
    const auto labels = draw(batches);
    for (std::size_t k = 0; k < labels.size(); ++k) {
      REQUIRE((labels[k] >= 0 && labels[k] < 10));
      ++count[static_cast<std::size_t>(labels[k])];
      if (k > 0) ++pairs[static_cast<std::size_t>(10 * labels[k - 1] + labels[k])];
    }
  }
  for (const int n : count) CHECK(std::abs(n - 1000) < 150);
  // Neighbours are independent: each of the 100 pairs about 95 times.
  for (const int n : pairs) CHECK(std::abs(n - 95) < 50);
}

TEST_CASE("RandomBatches: a seed repeats, another one differs, threads do not matter") {
  const TensorDataset data = numbered(1000);
  std::vector<std::vector<std::int32_t>> first;
  {
    const Threads one(1);
    RandomBatches batches(data, 50, 30);
    for (int i = 0; i < 20; ++i) first.push_back(draw(batches));
  }
  const Threads three(3);
  RandomBatches same(data, 50, 30), other(data, 50, 31);
  for (const auto& labels : first) {
    CHECK(draw(same) == labels);
    CHECK(draw(other) != labels);
  }
  CHECK(first[0] != first[1]);
}

TEST_CASE("RandomBatches: from one example, and batches larger than the data") {
  RandomBatches batches(numbered(1), 5, 0);
  CHECK(draw(batches) == std::vector<std::int32_t>(5, 0));
}

TEST_CASE("RandomBatches: what it cannot take") {
  TensorDataset data = numbered(3);
  CHECK_THROWS_TEXT(ValueError, "[RandomBatches] expected a batch size of at least 1, received 0",
                    RandomBatches(data, 0, 1));
  CHECK_THROWS_TEXT(ValueError, "[RandomBatches] expected a batch size of at least 1, received -1",
                    RandomBatches(data, -1, 1));
  data.x = zeros({2, 2});
  CHECK_THROWS_TEXT(ValueError, "[RandomBatches] x and y differ in their number of rows: (2, 2) and (3,)",
                    RandomBatches(data, 1, 1));
}

TEST_CASE("RandomBatches: no call to malloc from the second batch on") {
  if (!AllocationCount::available()) return;
  RandomBatches batches(numbered(1000), 50, 3);
  static_cast<void>(batches.next());
  const AllocationCount count;
  std::int64_t rows = 0;
  for (int i = 0; i < 100; ++i) {
    auto [x, y] = batches.next();
    rows += y.size();
  }
  const std::int64_t allocations = count.value();
  CHECK(allocations == 0);
  CHECK(rows == 5000);
}
