#include "xtape/data/train_test_split.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"

using namespace xtape;
using namespace xtape::testing;
using data::train_test_split;

namespace {

using Numbers = std::vector<std::int32_t>;

Numbers both(const Tensor& a, const Tensor& b) {
  Numbers all = a.to_vector<std::int32_t>();
  const auto more = b.to_vector<std::int32_t>();
  all.insert(all.end(), more.begin(), more.end());
  std::ranges::sort(all);
  return all;
}

}  // namespace

TEST_CASE("train_test_split: sizes as scikit-learn rounds them") {
  // (rows, test_size, train_size) -> train, test: the test part is rounded up, the training part down.
  const auto sizes = [](int n, const data::SplitOptions& options) {
    auto [train, test] = train_test_split(arange(n), options);
    return std::pair(train.size(), test.size());
  };
  CHECK(sizes(10, {}) == std::pair<std::int64_t, std::int64_t>(7, 3));  // 2.5 rounded up
  CHECK(sizes(150, {.test_size = 0.33}) == std::pair<std::int64_t, std::int64_t>(100, 50));
  CHECK(sizes(10, {.train_size = 0.75}) == std::pair<std::int64_t, std::int64_t>(7, 3));
  CHECK(sizes(10, {.test_size = 0.25, .train_size = 0.25}) == std::pair<std::int64_t, std::int64_t>(2, 3));
  CHECK(sizes(10, {.test_size = 4}) == std::pair<std::int64_t, std::int64_t>(6, 4));
  CHECK(sizes(10, {.test_size = 1, .train_size = 2}) == std::pair<std::int64_t, std::int64_t>(2, 1));
}

TEST_CASE("train_test_split: rows of all tensors stay together, a seed repeats them") {
  const Tensor x = constant({{0, 1}, {10, 11}, {20, 21}, {30, 31}, {40, 41}, {50, 51}}), y = arange(6);
  auto [x_train, x_test, y_train, y_test, w_train, w_test] =
      train_test_split(x, y, y, {.test_size = 2, .random_state = 1});
  CHECK(both(y_train, y_test) == Numbers{0, 1, 2, 3, 4, 5});
  for (const auto& [some, which] : {std::pair(x_train, y_train), std::pair(x_test, y_test)}) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(which.size()); ++i) {
      CHECK(some.data<std::int32_t>()[2 * i] == 10 * which.data<std::int32_t>()[i]);
    }
  }
  CHECK_TENSOR_EQ(w_test, y_test);
  auto [again, again_test] = train_test_split(y, {.test_size = 2, .random_state = 1});
  CHECK_TENSOR_EQ(again, y_train);
  CHECK_TENSOR_EQ(again_test, y_test);
  auto [train, test] = train_test_split(data::TensorDataset(x, y), {.test_size = 2, .random_state = 1});
  CHECK_TENSOR_EQ(train.x, x_train);
  CHECK_TENSOR_EQ(test.y, y_test);
  auto [other, other_test] = train_test_split(arange(1000), {.random_state = 2});
  auto [third, third_test] = train_test_split(arange(1000), {.random_state = 3});
  CHECK(other.to_vector<std::int32_t>() != third.to_vector<std::int32_t>());
  random::set_seed(5);
  auto [drawn, drawn_test] = train_test_split(arange(100));
  auto [next, next_test] = train_test_split(arange(100));
  CHECK(drawn.to_vector<std::int32_t>() != next.to_vector<std::int32_t>());
  random::set_seed(0);
}

TEST_CASE("train_test_split: without shuffling the first and the last rows") {
  auto [train, test] = train_test_split(arange(8), {.shuffle = false});
  CHECK_TENSOR_EQ(train, arange(6));
  CHECK_TENSOR_EQ(test, constant({6, 7}));
  auto [first, second] = train_test_split(arange(8), {.test_size = 2, .train_size = 3, .shuffle = false});
  CHECK_TENSOR_EQ(first, arange(3));
  CHECK_TENSOR_EQ(second, constant({3, 4}));
}

TEST_CASE("train_test_split: every row is as likely to be in the test part") {
  // 2 of 5 rows, 2000 times: each comes 800 times, with a standard deviation of 22.
  std::map<std::int32_t, int> count;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    auto [train, test] = train_test_split(arange(5), {.test_size = 2, .random_state = seed});
    for (const auto i : test.to_vector<std::int32_t>()) ++count[i];
  }
  for (const auto& [row, times] : count) CHECK(std::abs(times - 800) < 120);
}

TEST_CASE("train_test_split: stratify keeps the proportions") {
  // 60 rows of class 0, 30 of 1, 10 of 7.
  Numbers y(60, 0);
  y.insert(y.end(), 30, 1);
  y.insert(y.end(), 10, 7);
  auto [x_train, x_test, y_train, y_test] =
      train_test_split(arange(100), constant(y), {.test_size = 0.3, .random_state = 1, .stratify = constant(y)});
  const auto count = [](const Tensor& t, std::int32_t number) {
    const auto all = t.to_vector<std::int32_t>();
    return std::ranges::count(all, number);
  };
  CHECK(count(y_train, 0) == 42);
  CHECK(count(y_train, 1) == 21);
  CHECK(count(y_train, 7) == 7);
  CHECK(count(y_test, 0) == 18);
  CHECK(count(y_test, 1) == 9);
  CHECK(count(y_test, 7) == 3);
  Numbers all(100);
  for (std::int32_t i = 0; i < 100; ++i) all[static_cast<std::size_t>(i)] = i;
  CHECK(both(x_train, x_test) == all);
  CHECK_FALSE(std::ranges::is_sorted(y_train.to_vector<std::int32_t>()));
  // 3 rows of each of two classes in 3 and 3: one class has the odd one.
  auto [train, test] =
      train_test_split(constant({0, 0, 0, 1, 1, 1}), {.test_size = 3, .stratify = constant({0, 0, 0, 1, 1, 1})});
  CHECK(count(train, 0) + count(test, 0) == 3);
  CHECK(count(train, 0) >= 1);
  CHECK(count(train, 0) <= 2);
}

TEST_CASE("train_test_split: what it cannot take") {
  const Tensor x = arange(4);
  CHECK_THROWS_TEXT(ValueError,
                    "[train_test_split] expected tensors with the same number of rows, received (4,) and (3,)",
                    train_test_split(x, arange(3)));
  CHECK_THROWS_TEXT(ValueError, "[train_test_split] expected tensors with rows, received a scalar",
                    train_test_split(constant(1)));
  CHECK_THROWS_TEXT(ValueError,
                    "[train_test_split] expected a test_size between 0 and 1 or a whole number of rows from 1 to "
                    "3, received 4",
                    train_test_split(x, {.test_size = 4}));
  CHECK_THROWS_TEXT(ValueError, "received -0.5", train_test_split(x, {.train_size = -0.5}));
  CHECK_THROWS_TEXT(ValueError, "received 1.5", train_test_split(x, {.train_size = 1.5}));
  CHECK_THROWS_TEXT(ValueError, "[train_test_split] expected sizes that add up to at most 4 rows, received 3 and 2",
                    train_test_split(x, {.test_size = 2, .train_size = 0.75}));
  CHECK_THROWS_TEXT(ValueError,
                    "[train_test_split] With n_samples=1, test_size=0.25 and train_size=none, the resulting train set "
                    "will be empty. Adjust any of the aforementioned parameters.",
                    train_test_split(arange(1)));
  CHECK_THROWS_TEXT(ValueError, "[train_test_split] Stratified train/test split is not implemented for shuffle=false",
                    train_test_split(x, {.shuffle = false, .stratify = x}));
  CHECK_THROWS_TEXT(ValueError, "[train_test_split] The least populated class in y has only 1 member",
                    train_test_split(x, {.test_size = 2, .stratify = constant({0, 0, 0, 1})}));
  CHECK_THROWS_TEXT(ValueError,
                    "[train_test_split] The test_size = 1 should be greater or equal to the number of classes = 2",
                    train_test_split(x, {.stratify = constant({0, 0, 1, 1})}));
  CHECK_THROWS_TEXT(ValueError, "[train_test_split] expected a class for each of 4 rows in stratify, received (2,)",
                    train_test_split(x, {.test_size = 2, .stratify = constant({0, 0})}));
}
