#include "xtape/data/tensor_dataset.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <set>
#include <vector>

#include "core/element_access.hpp"
#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using namespace xtape::testing;
using data::Batches;
using data::TensorDataset;

static_assert(std::input_iterator<Batches::Iterator>);

namespace {

using Labels = std::vector<std::int32_t>;

/// Example i is the pair (10 i, 10 i + 1) with target i.
TensorDataset numbered(std::int32_t n) {
  std::vector<float> x;
  Labels y;
  for (std::int32_t i = 0; i < n; ++i) {
    x.insert(x.end(), {10.0f * static_cast<float>(i), 10.0f * static_cast<float>(i) + 1});
    y.push_back(i);
  }
  return {constant(x, {n, 2}), constant(y)};
}

/// The targets of one epoch in order, after a check that each example came with its target.
Labels epoch_of(Batches& batches) {
  Labels labels;
  for (auto [x, y] : batches) {
    CHECK(x.shape() == Shape{y.size(), 2});
    const auto pairs = x.to_vector<float>();
    const std::size_t first = labels.size();
    std::ranges::copy(y.to_vector<std::int32_t>(), std::back_inserter(labels));
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      CHECK(pairs[i] == 10.0f * static_cast<float>(labels[first + i / 2]) + static_cast<float>(i % 2));
    }
  }
  return labels;
}

Labels count_to(std::int32_t n) {
  Labels labels(static_cast<std::size_t>(n));
  for (std::int32_t i = 0; i < n; ++i) labels[static_cast<std::size_t>(i)] = i;
  return labels;
}

Labels sorted(Labels labels) {
  std::ranges::sort(labels);
  return labels;
}

}  // namespace

TEST_CASE("batch: in order, the rest in a smaller batch, sharing the data's elements") {
  const TensorDataset data = numbered(7);
  std::vector<Labels> batches;
  for (auto [x, y] : data.batch(3)) {
    CHECK(x.data<float>().data() == data.x.data<float>().data() + 2 * y.data<std::int32_t>()[0]);
    batches.push_back(y.to_vector<std::int32_t>());
  }
  CHECK(batches == std::vector<Labels>{{0, 1, 2}, {3, 4, 5}, {6}});
  Batches again = data.batch(3);
  CHECK(again.size() == 3);
  CHECK(epoch_of(again) == count_to(7));
  CHECK(epoch_of(again) == count_to(7));
}

TEST_CASE("batch: without the rest, of the whole, and beyond it") {
  const TensorDataset data = numbered(7);
  Batches dropped = data.batch(3, {.drop_remainder = true});
  CHECK(dropped.size() == 2);
  CHECK(epoch_of(dropped) == count_to(6));
  for (const std::int64_t batch_size : {std::int64_t{7}, std::int64_t{8}, INT64_MAX}) {
    CAPTURE(batch_size);
    Batches one = data.batch(batch_size);
    CHECK(one.size() == 1);
    CHECK(epoch_of(one) == count_to(7));
    CHECK(data.batch(batch_size, {.drop_remainder = true}).size() == (batch_size == 7));
  }
}

TEST_CASE("batch: lives on when the dataset is gone") {
  for (auto [x, y] : numbered(4).batch(4)) CHECK_CLOSE(x, {0, 1, 10, 11, 20, 21, 30, 31});
}

TEST_CASE("take and skip: the first examples, and the rest, without a copy") {
  const TensorDataset data(arange(0, 5), arange(10, 15));
  CHECK_CLOSE(data.take(2).y, {10, 11});
  CHECK(data.take(9).size() == 5);
  CHECK_CLOSE(data.skip(2).x, {2, 3, 4});
  CHECK(detail::ElementAccess::of(data.skip(2).x) == detail::ElementAccess::of(data.x) + 2 * itemsize(data.x.dtype()));
  CHECK_THROWS_TEXT(ValueError, "expected at least one example, received 0", data.take(0));
  CHECK_THROWS_TEXT(ValueError, "expected 0 <= count < 5, the number of examples, received 5", data.skip(5));
}

TEST_CASE("shuffle: each epoch is a new permutation, a seed repeats them all") {
  const TensorDataset data = numbered(100);
  Batches batches = data.shuffle(7).batch(30);
  std::set<Labels> orders;
  std::vector<Labels> epochs;
  for (int epoch = 0; epoch < 5; ++epoch) {
    epochs.push_back(epoch_of(batches));
    CHECK(sorted(epochs.back()) == count_to(100));
    orders.insert(epochs.back());
  }
  CHECK(orders.size() == 5);
  CHECK(orders.count(count_to(100)) == 0);
  Batches again = data.shuffle(7).batch(50);
  for (const auto& epoch : epochs) CHECK(epoch_of(again) == epoch);
  Batches other = data.shuffle(8).batch(30);
  CHECK(epoch_of(other) != epochs[0]);
}

TEST_CASE("shuffle: the rest that is dropped is another one each epoch") {
  const TensorDataset data = numbered(10);
  Batches batches = data.shuffle(1).batch(4, {.drop_remainder = true});
  CHECK(batches.size() == 2);
  std::set<std::int32_t> seen;
  for (int epoch = 0; epoch < 20; ++epoch) {
    const Labels labels = epoch_of(batches);
    CHECK(labels.size() == 8);
    seen.insert(labels.begin(), labels.end());
  }
  CHECK(seen.size() == 10);
}

TEST_CASE("shuffle: every order equally likely") {
  // Of 3 examples there are 6 orders: 6000 draws give each 1000 times, with a standard deviation of 29.
  const TensorDataset data = numbered(3);
  Batches batches = data.shuffle(3).batch(3);
  std::map<Labels, int> count;
  for (int epoch = 0; epoch < 6000; ++epoch) {
    for (auto [x, y] : batches) ++count[y.to_vector<std::int32_t>()];
  }
  CHECK(count.size() == 6);
  for (const auto& [order, times] : count) CHECK(std::abs(times - 1000) < 150);
}

TEST_CASE("shuffle: a loop within a loop has an order of its own") {
  Batches batches = numbered(20).shuffle(2).batch(1);
  Labels outer, inner;
  for (auto [x, y] : batches) {
    outer.push_back(y.item<int>());
    if (!inner.empty()) continue;
    inner = epoch_of(batches);
  }
  CHECK(sorted(outer) == count_to(20));
  CHECK(sorted(inner) == count_to(20));
  CHECK(outer != inner);
}

TEST_CASE("shuffle: rows of every dtype and rank") {
  const Tensor y = constant({0, 1, 2, 3, 4});
  for (const DType dtype : {float32, float64, int32, int64, uint8}) {
    CAPTURE(name(dtype));
    std::vector<std::int64_t> values;
    for (std::int64_t i = 0; i < 5; ++i) values.insert(values.end(), {i, i + 100, i + 50});
    const Tensor x = detail::from_integers(values, {5, 1, 3}, dtype);
    Batches batches = TensorDataset(x, y).shuffle(4).batch(2);
    for (auto [some, which] : batches) {
      CHECK(some.dtype() == dtype);
      std::vector<std::int64_t> expected;
      for (const std::int64_t i : which.to_vector<std::int32_t>())
        expected.insert(expected.end(), {i, i + 100, i + 50});
      CHECK_TENSOR_EQ(some, detail::from_integers(expected, {which.size(), 1, 3}, dtype));
    }
  }
}

TEST_CASE("shuffle: the same with any number of threads, for rows large enough to share") {
  const std::int64_t n = 200, width = 5000;
  std::vector<float> x(static_cast<std::size_t>(n * width));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  const TensorDataset data(constant(x, {n, width}), arange(static_cast<int>(n)));
  const auto epoch = [&](int threads) {
    const Threads set(threads);
    // What a batch fails to write would otherwise be left from the run before.
    for (const std::int64_t rows : {150, 50}) static_cast<void>(full({rows, width}, -1));
    Batches batches = data.shuffle(9).batch(150);
    std::vector<float> all;
    for (auto [some, y] : batches) {
      const auto part = some.to_vector<float>();
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  };
  const auto one = epoch(1);
  CHECK(one == epoch(2));
  CHECK(one == epoch(5));
  std::vector<float> all = one;
  std::ranges::sort(all);
  CHECK(all == x);
}

TEST_CASE("TensorDataset: can be taken apart and reassigned") {
  TensorDataset data = numbered(3);
  auto [x, y] = data;
  CHECK(x.is_same(data.x));
  CHECK(y.is_same(data.y));
  data = numbered(5);
  CHECK(data.size() == 5);
  CHECK(data.shuffle(1).size() == 5);
}

TEST_CASE("TensorDataset: what it cannot take") {
  const Tensor x = zeros({3, 2}), y = zeros({3});
  CHECK_THROWS_TEXT(ValueError, "[TensorDataset] x and y differ in their number of rows: (3, 2) and (4,)",
                    TensorDataset(x, zeros({4})));
  CHECK_THROWS_TEXT(ValueError, "[TensorDataset] expected at least one example: x has shape (0, 2)",
                    TensorDataset(zeros({0, 2}), zeros({0})));
  CHECK_THROWS_TEXT(ValueError, "[TensorDataset] expected a row for each example: y is a scalar",
                    TensorDataset(x, 1.0f));
  CHECK_THROWS_TEXT(ValueError, "[TensorDataset] x is empty", TensorDataset(Tensor(), y));
  CHECK_THROWS_TEXT(ValueError, "[TensorDataset] y is empty", TensorDataset(x, Tensor()));
  const TensorDataset data(x, y);
  CHECK_THROWS_TEXT(ValueError, "[batch] expected a batch size of at least 1, received 0", data.batch(0));
  CHECK_THROWS_TEXT(ValueError, "[batch] expected a batch size of at least 1, received -5", data.batch(-5));
  CHECK_THROWS_TEXT(ValueError, "[batch] expected a batch size of at least 1, received 0", data.shuffle(1).batch(0));
  TensorDataset changed = data;
  changed.y = zeros({2});
  CHECK_THROWS_TEXT(ValueError, "[batch] x and y differ", changed.batch(2));
}

TEST_CASE("batch and shuffle: no call to malloc from the second epoch on") {
  if (!AllocationCount::available()) return;
  const TensorDataset data = numbered(1000);
  for (Batches batches : {data.batch(30), data.shuffle(5).batch(30)}) {
    std::int64_t rows = 0;
    for (auto [x, y] : batches) rows += y.size();
    const AllocationCount count;
    for (auto [x, y] : batches) rows += y.size();
    const std::int64_t allocations = count.value();
    CHECK(allocations == 0);
    CHECK(rows == 2000);
  }
}
