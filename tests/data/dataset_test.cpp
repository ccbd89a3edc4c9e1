#include "xtape/data/dataset.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/io/npy.hpp"

using namespace xtape;
using namespace xtape::testing;
using data::Dataset;
using data::from_generator;
using data::from_tensor_slices;
using data::range;

static_assert(std::input_iterator<Dataset<1>::Iterator>);
static_assert(std::input_iterator<Dataset<2>::Iterator>);
static_assert(std::input_iterator<data::AnyDataset::Iterator>);

namespace {

using Numbers = std::vector<std::int64_t>;

/// The numbers of one loop, row by row where there are batches.
Numbers numbers_of(const Dataset<1>& dataset) {
  Numbers numbers;
  for (const Tensor& t : dataset) {
    const auto some = t.to_vector<std::int64_t>();
    numbers.insert(numbers.end(), some.begin(), some.end());
  }
  return numbers;
}

Numbers sorted(Numbers numbers) {
  std::ranges::sort(numbers);
  return numbers;
}

Tensor times(const Tensor& t, std::int64_t factor) { return constant(t.item<std::int64_t>() * factor, int64); }

/// Counts up without end, and how many threads are in it at a time.
struct Slow {
  std::atomic<int>* running;
  std::atomic<int>* most;
  Tensor operator()(const Tensor& t) const {
    const int now = ++*running;
    for (int seen = *most; seen < now && !most->compare_exchange_weak(seen, now);) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(t.item<int>() % 3));
    --*running;
    return times(t, 10);
  }
};

}  // namespace

TEST_CASE("Dataset: slices of tensors, one, two and three at a time") {
  const Tensor x = constant({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}), y = constant({7, 8, 9}),
               w = constant({0.5, 1.0, 2.0});
  int i = 0;
  for (auto row : from_tensor_slices(x)) {
    CHECK_CLOSE(row, {2.0 * i + 1, 2.0 * i + 2});
    CHECK(row.data<float>().data() == x.data<float>().data() + 2 * i);  // no copy
    ++i;
  }
  CHECK(i == 3);
  i = 0;
  for (auto [a, b] : from_tensor_slices(x, y)) {
    CHECK(a.shape() == Shape{2});
    CHECK_TENSOR_EQ(b, constant(7 + i++));
  }
  for (auto [a, b, weight] : from_tensor_slices(x, y, w).batch(3)) {
    CHECK_TENSOR_EQ(a, x);
    CHECK_TENSOR_EQ(b, y);
    CHECK_TENSOR_EQ(weight, w);
  }
  i = 0;
  for (auto [a, b] : data::from_tensors(x, y)) {
    CHECK(a.is_same(x));
    CHECK(b.is_same(y));
    ++i;
  }
  CHECK(i == 1);
  CHECK(from_tensor_slices(x, y).cardinality() == 3);
  CHECK(numbers_of(from_tensor_slices(zeros({0}, int64))).empty());
}

TEST_CASE("Dataset: range") {
  CHECK(numbers_of(range(4)) == Numbers{0, 1, 2, 3});
  CHECK(numbers_of(range(2, 9, 3)) == Numbers{2, 5, 8});
  CHECK(numbers_of(range(2, 8, 3)) == Numbers{2, 5});
  CHECK(numbers_of(range(5, 0, -2)) == Numbers{5, 3, 1});
  CHECK(numbers_of(range(5, 1, -2)) == Numbers{5, 3});
  CHECK(numbers_of(range(3, 3)).empty());
  CHECK(numbers_of(range(3, 5, -1)).empty());
  CHECK(range(-5, 5, 4).cardinality() == 3);
  CHECK(range(INT64_MIN, INT64_MAX, INT64_MAX).cardinality() == 3);
  CHECK_THROWS_TEXT(ValueError, "[range] expected a step other than 0", range(0, 1, 0));
}

TEST_CASE("Dataset: a generator begins again in each loop") {
  const auto three = from_generator([i = 0]() mutable -> std::optional<Tensor> {
    if (i == 3) return std::nullopt;
    return constant(std::int64_t{i++}, int64);
  });
  CHECK(numbers_of(three) == Numbers{0, 1, 2});
  CHECK(numbers_of(three) == Numbers{0, 1, 2});
  CHECK(numbers_of(three.repeat(2)) == Numbers{0, 1, 2, 0, 1, 2});
  CHECK(three.cardinality() == data::unknown_cardinality);
  const auto pairs = from_generator([i = 0]() mutable -> std::optional<std::pair<Tensor, float>> {
    if (i == 2) return std::nullopt;
    ++i;
    return std::pair(constant(i), 0.5f);
  });
  for (auto [a, b] : pairs) CHECK(b.item() == 0.5);
}

TEST_CASE("Dataset: files and a function that reads them") {
  const TempDir dir;
  io::save_npy(dir / "a.npy", constant({1, 2}, int64));
  io::save_npy(dir / "b.npy", constant({3, 4, 5}, int64));
  const auto files = data::from_files({dir / "a.npy", dir / "b.npy"}, io::load_npy);
  CHECK(files.cardinality() == 2);
  CHECK(numbers_of(files.unbatch()) == Numbers{1, 2, 3, 4, 5});
  const auto missing = data::from_files({dir / "a.npy", dir / "c.npy"}, io::load_npy);
  CHECK_THROWS_TEXT(DataError, "c.npy: no such file", numbers_of(missing.prefetch(1)));
}

TEST_CASE("Dataset: map to other numbers of tensors, filter") {
  const auto pairs = range(5).map([](const Tensor& t) { return std::pair(t, times(t, 10)); });
  Numbers seen;
  for (auto [a, b] : pairs) {
    CHECK(b.item<int>() == 10 * a.item<int>());
    seen.push_back(b.item<int>());
  }
  CHECK(seen == Numbers{0, 10, 20, 30, 40});
  CHECK(numbers_of(pairs.map([](const Tensor&, const Tensor& b) { return b; })) == seen);
  const auto three = pairs.map([](Tensor a, Tensor b) { return std::array<Tensor, 3>{a, b, a}; });
  for (auto [a, b, c] : three) CHECK(c.is_same(a));
  CHECK(three.cardinality() == 5);
  const auto odd = range(7).filter([](const Tensor& t) { return t.item<int>() % 2 == 1; });
  CHECK(numbers_of(odd) == Numbers{1, 3, 5});
  CHECK(odd.cardinality() == data::unknown_cardinality);
  // A Tensor that is false, not one that is absent.
  CHECK(numbers_of(range(4).filter([](const Tensor& t) { return constant(t.item<int>() > 1); })) == Numbers{2, 3});
}

TEST_CASE("Dataset: batch and unbatch") {
  const auto batches = range(7).batch(3);
  std::vector<Shape> shapes;
  for (auto t : batches) shapes.push_back(t.shape());
  CHECK(shapes == std::vector<Shape>{{3}, {3}, {1}});
  CHECK(batches.cardinality() == 3);
  CHECK(numbers_of(batches) == Numbers{0, 1, 2, 3, 4, 5, 6});
  CHECK(numbers_of(batches.unbatch()) == Numbers{0, 1, 2, 3, 4, 5, 6});
  CHECK(numbers_of(range(7).batch(3, {.drop_remainder = true})) == Numbers{0, 1, 2, 3, 4, 5});
  CHECK(range(7).batch(3, {.drop_remainder = true}).cardinality() == 2);
  for (auto t : batches.batch(2, {.drop_remainder = true})) CHECK_TENSOR_EQ(t, constant({{0, 1, 2}, {3, 4, 5}}, int64));
  CHECK_THROWS_TEXT(
      ValueError,
      "[Dataset.batch] expected elements of one shape and dtype: tensor 0 is (3,) of int64 at first, (1,) "
      "of int64 2 elements later",
      numbers_of(batches.batch(3)));
  CHECK_THROWS_TEXT(ValueError, "[Dataset.unbatch] expected tensors with rows, received a scalar",
                    numbers_of(range(2).unbatch()));
  CHECK_THROWS_TEXT(ValueError, "[Dataset.unbatch] tensors differ in their number of rows: (2,) and (3,)",
                    *data::from_tensors(zeros({2}), zeros({3})).unbatch().begin());
}

TEST_CASE("Dataset: repeat, take, skip, concatenate, zip, enumerate") {
  CHECK(numbers_of(range(3).repeat(2)) == Numbers{0, 1, 2, 0, 1, 2});
  CHECK(numbers_of(range(3).repeat(0)).empty());
  CHECK(numbers_of(range(3).repeat().take(7)) == Numbers{0, 1, 2, 0, 1, 2, 0});
  CHECK(numbers_of(range(0).repeat()).empty());
  CHECK(numbers_of(range(3).take(2).repeat(2)) == Numbers{0, 1, 0, 1});
  CHECK(numbers_of(range(3).skip(2).repeat(2)) == Numbers{2, 2});
  CHECK(numbers_of(range(5).take(-1).skip(3)) == Numbers{3, 4});
  CHECK(numbers_of(range(5).skip(-1)).empty());
  CHECK(numbers_of(range(2).skip(5)).empty());
  CHECK(numbers_of(range(2).concatenate(range(10, 12)).repeat(2)) == Numbers{0, 1, 10, 11, 0, 1, 10, 11});
  Numbers sums;
  for (auto [a, b, c] : data::zip(range(10), range(5, 9), range(3).repeat())) {
    sums.push_back(100 * a.item<int>() + 10 * b.item<int>() + c.item<int>());
  }
  CHECK(sums == Numbers{50, 161, 272, 380});
  for (auto [i, a] : range(20, 23).enumerate(5)) CHECK(a.item<int>() == i.item<int>() + 15);
}

TEST_CASE("Dataset: cardinality") {
  const auto unknown = range(3).filter([](const Tensor&) { return true; });
  CHECK(range(3).repeat(4).cardinality() == 12);
  CHECK(range(3).repeat().cardinality() == data::infinite_cardinality);
  CHECK(range(3).repeat().batch(2).skip(4).cardinality() == data::infinite_cardinality);
  CHECK(range(3).repeat().take(4).cardinality() == 4);
  CHECK(range(3).take(5).cardinality() == 3);
  CHECK(range(3).skip(5).cardinality() == 0);
  CHECK(range(0).repeat().cardinality() == 0);
  CHECK(unknown.take(2).cardinality() == data::unknown_cardinality);
  CHECK(unknown.repeat().cardinality() == data::infinite_cardinality);
  CHECK(unknown.concatenate(range(2)).cardinality() == data::unknown_cardinality);
  CHECK(range(2).concatenate(range(3)).cardinality() == 5);
  CHECK(data::zip(range(2), range(3).repeat()).cardinality() == 2);
  CHECK(data::zip(range(2), unknown).cardinality() == data::unknown_cardinality);
  CHECK(range(5).shuffle(2).cache().prefetch(1).enumerate().cardinality() == 5);
}

TEST_CASE("Dataset: shuffle has a new order in each loop, which the seed decides") {
  const auto shuffled = range(50).shuffle(50, {.seed = 3});
  const Numbers first = numbers_of(shuffled), second = numbers_of(shuffled);
  CHECK(first != numbers_of(range(50)));
  CHECK(first != second);
  CHECK(sorted(first) == numbers_of(range(50)));
  CHECK(sorted(second) == numbers_of(range(50)));
  const auto again = range(50).shuffle(50, {.seed = 3});
  CHECK(numbers_of(again) == first);
  CHECK(numbers_of(again.batch(7)) == second);  // what is made of it shares its count of loops
  CHECK(numbers_of(range(50).shuffle(50, {.seed = 4})) != first);
  const auto fixed = range(50).shuffle(50, {.seed = 3, .reshuffle_each_iteration = false});
  CHECK(numbers_of(fixed) == first);
  CHECK(numbers_of(fixed) == first);
  Numbers twice = first;
  twice.insert(twice.end(), first.begin(), first.end());
  CHECK(numbers_of(fixed.repeat(2)) == twice);
  const Numbers repeated = numbers_of(range(50).shuffle(50, {.seed = 3}).repeat(2));
  CHECK(std::equal(first.begin(), first.end(), repeated.begin()));
  CHECK_FALSE(std::equal(first.begin(), first.end(), repeated.begin() + 50));
  CHECK(sorted({repeated.begin() + 50, repeated.end()}) == numbers_of(range(50)));
  random::set_seed(1);
  const Numbers drawn = numbers_of(range(50).shuffle(50)), other = numbers_of(range(50).shuffle(50));
  CHECK(drawn != other);
  random::set_seed(1);
  CHECK(numbers_of(range(50).shuffle(50)) == drawn);
  random::set_seed(0);
}

TEST_CASE("Dataset: shuffle takes from a buffer") {
  CHECK(numbers_of(range(20).shuffle(1)) == numbers_of(range(20)));
  // With a buffer of 3 the element at place i is among the first i + 3.
  bool all = true, moved = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Numbers order = numbers_of(range(20).shuffle(3, {.seed = seed}));
    for (std::size_t i = 0; i < 20; ++i) all = all && order[i] <= static_cast<std::int64_t>(i) + 2;
    moved = moved || order[0] == 2;
  }
  CHECK(all);
  CHECK(moved);
  // Of 3 elements each of the 6 orders comes 500 times in 3000, with a standard deviation of 20.
  std::map<Numbers, int> count;
  const auto three = range(3).shuffle(10, {.seed = 9});
  for (int i = 0; i < 3000; ++i) ++count[numbers_of(three)];
  CHECK(count.size() == 6);
  for (const auto& [order, times_seen] : count) CHECK(std::abs(times_seen - 500) < 100);
}

TEST_CASE("Dataset: prefetch changes nothing, whether a loop is left early or not") {
  const auto make = [](bool ahead) {
    auto dataset = range(30).shuffle(10, {.seed = 5});
    if (ahead) dataset = dataset.prefetch(4);
    dataset = dataset.repeat(3);
    if (ahead) dataset = dataset.prefetch(20).prefetch(1);
    return dataset;
  };
  const auto direct = make(false), ahead = make(true);
  for (int loop = 0; loop < 5; ++loop) {
    Numbers a, b;
    const std::size_t length = loop % 2 == 0 ? 90 : 5;  // every other loop is left early
    for (auto t : direct) {
      a.push_back(t.item<std::int64_t>());
      if (a.size() == length) break;
    }
    for (auto t : ahead) {
      b.push_back(t.item<std::int64_t>());
      if (b.size() == length) break;
    }
    CHECK(a == b);
  }
}

TEST_CASE("Dataset: prefetch makes no more elements ahead than it was told to") {
  std::atomic<int> made{0};
  const auto ahead = range(1000000)
                         .map([&made](const Tensor& t) {
                           ++made;
                           return t;
                         })
                         .prefetch(3);
  int taken = 0;
  for (auto t : ahead) {
    ++taken;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    CHECK(made <= taken + 3);
    if (taken == 5) break;
  }
  CHECK(made >= taken);
}

TEST_CASE("Dataset: two loops over one shuffled dataset at a time, in their order") {
  const auto shuffled = range(20).shuffle(20, {.seed = 8}), again = range(20).shuffle(20, {.seed = 8});
  const Numbers first = numbers_of(again), second = numbers_of(again);
  Numbers left, right;
  for (auto [a, b] : data::zip(shuffled, shuffled)) {
    left.push_back(a.item<std::int64_t>());
    right.push_back(b.item<std::int64_t>());
  }
  CHECK(left == first);
  CHECK(right == second);
}

TEST_CASE("Dataset: num_parallel_calls keeps the order") {
  std::atomic<int> running{0}, most{0};
  const auto mapped = range(20).map(Slow{&running, &most}, {.num_parallel_calls = 3});
  CHECK(mapped.cardinality() == 20);
  Numbers expected;
  for (std::int64_t i = 0; i < 20; ++i) expected.push_back(10 * i);
  CHECK(numbers_of(mapped) == expected);
  CHECK(most <= 3);
  CHECK(most >= 2);
  CHECK(running == 0);
  for (auto t : mapped.repeat()) {
    if (t.item<int>() == 70) break;
  }
  CHECK(running == 0);  // the threads have been joined
}

TEST_CASE("Dataset: what a thread throws reaches the loop in its place") {
  const auto fails = range(10).map([](const Tensor& t) {
    if (t.item<int>() == 4) throw std::runtime_error("four");
    return t;
  });
  const auto until_thrown = [](const Dataset<1>& dataset) {
    Numbers seen;
    CHECK_THROWS_TEXT(std::runtime_error, "four", [&] {
      for (auto t : dataset) seen.push_back(t.item<std::int64_t>());
    }());
    return seen;
  };
  CHECK(until_thrown(fails) == Numbers{0, 1, 2, 3});
  CHECK(until_thrown(fails.prefetch(8)) == Numbers{0, 1, 2, 3});
  CHECK(until_thrown(fails.prefetch(1).batch(1).unbatch()) == Numbers{0, 1, 2, 3});
  const auto parallel = range(10).map(
      [](const Tensor& t) {
        if (t.item<int>() == 4) throw std::runtime_error("four");
        return t;
      },
      {.num_parallel_calls = 4});
  CHECK(until_thrown(parallel) == Numbers{0, 1, 2, 3});
  CHECK(numbers_of(fails.prefetch(8).take(4)) == Numbers{0, 1, 2, 3});
}

TEST_CASE("Dataset: cache keeps what was made once") {
  auto calls = std::make_shared<int>(0);
  const auto cached = range(4)
                          .map([calls](const Tensor& t) {
                            ++*calls;
                            return t;
                          })
                          .cache();
  for (auto t : cached) {
    if (t.item<int>() == 1) break;
  }
  CHECK(*calls == 2);
  CHECK(numbers_of(cached) == Numbers{0, 1, 2, 3});
  CHECK(*calls == 4);
  CHECK(numbers_of(cached.repeat(3)).size() == 12);
  CHECK(*calls == 4);
  const auto shuffled = range(30).shuffle(30, {.seed = 1}).cache(), ahead = shuffled.prefetch(10);
  for (auto t : ahead) {
    if (t.defined()) break;  // however far the thread has gone
  }
  CHECK(numbers_of(shuffled) == numbers_of(range(30).shuffle(30, {.seed = 1})));
  CHECK(numbers_of(ahead) == numbers_of(shuffled));
  CHECK(numbers_of(range(3).cache().repeat(2)) == Numbers{0, 1, 2, 0, 1, 2});
  for (auto [a, b] : data::zip(cached, cached)) CHECK(a.is_same(b));
}

TEST_CASE("Dataset: cache begins again after an error") {
  auto fail = std::make_shared<bool>(true);
  const auto cached = range(4)
                          .map([fail](const Tensor& t) {
                            if (*fail && t.item<int>() == 2) throw std::runtime_error("two");
                            return t;
                          })
                          .cache();
  CHECK_THROWS_TEXT(std::runtime_error, "two", numbers_of(cached));
  CHECK_THROWS_TEXT(std::runtime_error, "two", numbers_of(cached));
  *fail = false;
  CHECK(numbers_of(cached) == Numbers{0, 1, 2, 3});
}

TEST_CASE("Dataset: any number of tensors, and the datasets in memory") {
  const auto sizes = [](const data::AnyDataset& dataset) {
    Numbers all;
    for (const Tensors& e : dataset) {
      CHECK(e.size() == dataset.tensors_per_element());
      all.push_back(e[0].size());
    }
    return all;
  };
  const data::TensorDataset train(constant({{1, 2}, {3, 4}, {5, 6}}), constant({7, 8, 9}));
  CHECK(sizes(range(3).batch(2)) == Numbers{2, 1});
  CHECK(sizes(from_tensor_slices(train.x, train.y, train.y).batch(2)) == Numbers{4, 2});
  CHECK(sizes(train) == Numbers{2, 2, 2});
  CHECK(sizes(train.batch(2)) == Numbers{4, 2});
  CHECK(sizes(train.shuffle(1).batch(3)) == Numbers{6});
  const Dataset<2> examples = train;
  for (auto [x, y] : examples.batch(3)) CHECK_TENSOR_EQ(y, train.y);
  // A loop over Batches as a Dataset has the orders of a loop over Batches.
  data::Batches batches = train.shuffle(4).batch(3);
  const Dataset<2> dataset = train.shuffle(4).batch(3);
  CHECK(dataset.cardinality() == 1);
  for (int epoch = 0; epoch < 4; ++epoch) {
    for (auto [x, y] : batches) {
      for (auto [a, b] : dataset) CHECK_TENSOR_EQ(y, b);
    }
  }
  const data::AnyDataset three = data::AnyDataset(train).enumerate();
  for (auto [i, x, y] : Dataset<3>(three)) CHECK(y.item<int>() == 7 + i.item<int>());
  CHECK_THROWS_TEXT(ValueError, "[Dataset] expected elements of 2 tensors, received 3", Dataset<2>(three));
  CHECK_THROWS_TEXT(ValueError, "[Dataset.concatenate] expected elements of 3 tensors, received 2",
                    three.concatenate(train));
}

TEST_CASE("Dataset: what it cannot take") {
  CHECK_THROWS_TEXT(ValueError, "[from_tensor_slices] tensors 0 and 1 differ in their number of rows: (3,) and (2,)",
                    from_tensor_slices(zeros({3}), zeros({2})));
  CHECK_THROWS_TEXT(ValueError, "[from_tensor_slices] expected tensors with rows: tensor 1 is a scalar",
                    from_tensor_slices(zeros({3}), 1.0));
  CHECK_THROWS_TEXT(ValueError, "[from_tensor_slices] tensor 0 is empty", from_tensor_slices(Tensor()));
  CHECK_THROWS_TEXT(ValueError, "[Dataset.batch] expected a batch size of at least 1, received 0", range(3).batch(0));
  CHECK_THROWS_TEXT(ValueError, "[Dataset.shuffle] expected a buffer size of at least 1, received 0",
                    range(3).shuffle(0));
  CHECK_THROWS_TEXT(ValueError, "[Dataset.prefetch] expected a buffer size of at least 1, received -1",
                    range(3).prefetch(-1));
  CHECK_THROWS_TEXT(ValueError, "[Dataset.repeat] expected a count of at least -1, received -2", range(3).repeat(-2));
  CHECK_THROWS_TEXT(ValueError, "[Dataset.take] expected a count of at least -1, received -2", range(3).take(-2));
  CHECK_THROWS_TEXT(ValueError, "[Dataset.skip] expected a count of at least -1, received -2", range(3).skip(-2));
  CHECK_THROWS_TEXT(ValueError, "[Dataset.map] expected num_parallel_calls of at least 0, received -1",
                    range(3).map([](const Tensor& t) { return t; }, {.num_parallel_calls = -1}));
}
