#include "xtape/data/timeseries.hpp"

#include <algorithm>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/data/split_dataset.hpp"

using namespace xtape;
using namespace xtape::testing;
using utils::split_dataset;
using utils::timeseries_dataset_from_array;

namespace {

using Numbers = std::vector<std::int32_t>;

Numbers numbers_of(const data::Dataset<1>& dataset) {
  Numbers numbers;
  for (const Tensor& t : dataset) {
    const auto more = t.to_vector<std::int32_t>();
    numbers.insert(numbers.end(), more.begin(), more.end());
  }
  return numbers;
}

Numbers sorted(Numbers numbers) {
  std::ranges::sort(numbers);
  return numbers;
}

}  // namespace

TEST_CASE("timeseries_dataset_from_array: Keras's examples") {
  // Example 1: the indices 0 to 98 in windows of 10, each second one, each third place; the last one ends with 96.
  Numbers first, last;
  std::int64_t count = 0;
  const auto windows =
      timeseries_dataset_from_array(arange(99), 10, {.sequence_stride = 3, .sampling_rate = 2, .batch_size = {}});
  for (auto window : windows) {
    last = window.to_vector<std::int32_t>();
    if (count++ == 0) first = last;
  }
  CHECK(first == Numbers{0, 2, 4, 6, 8, 10, 12, 14, 16, 18});
  CHECK(last == Numbers{78, 80, 82, 84, 86, 88, 90, 92, 94, 96});
  CHECK(count == 27);
  CHECK(windows.cardinality() == 27);
  // Example 2: the next step from the last 10.
  const Tensor input = arange(90), targets = arange(10, 100);
  for (auto [x, y] : timeseries_dataset_from_array(input, targets, 10)) {
    CHECK(x.shape() == Shape{81, 10});
    CHECK(y.data<std::int32_t>()[0] == 10);
    CHECK(y.data<std::int32_t>()[80] == 90);
    CHECK(x.data<std::int32_t>()[809] == 89);
  }
  // Example 3: windows that do not overlap.
  std::vector<Shape> shapes;
  for (auto x : timeseries_dataset_from_array(arange(100), 20, {.sequence_stride = 20, .batch_size = 3}))
    shapes.push_back(x.shape());
  CHECK(shapes == std::vector<Shape>{{3, 20}, {2, 20}});
}

TEST_CASE("timeseries_dataset_from_array: parts, rows, order") {
  const Tensor data = arange(20);
  CHECK(numbers_of(timeseries_dataset_from_array(data, 3, {.sequence_stride = 3, .start_index = 5, .end_index = 11})) ==
        Numbers{5, 6, 7, 8, 9, 10});
  for (auto [x, y] :
       timeseries_dataset_from_array(data, data, 2, {.sequence_stride = 4, .start_index = 6, .end_index = 12})) {
    CHECK_TENSOR_EQ(x, constant({{6, 7}, {10, 11}}));
    CHECK_TENSOR_EQ(y, constant({6, 10}));
  }
  // Fewer targets than windows.
  for (auto [x, y] : timeseries_dataset_from_array(data, arange(3), 2)) CHECK(x.shape() == Shape{3, 2});
  const Tensor rows = constant({{0, 1}, {10, 11}, {20, 21}});
  for (auto x : timeseries_dataset_from_array(rows, 2, {.batch_size = 8})) {
    CHECK_TENSOR_EQ(x, constant({{{0, 1}, {10, 11}}, {{10, 11}, {20, 21}}}));
  }
  CHECK(numbers_of(timeseries_dataset_from_array(data, 21)).empty());
  CHECK(numbers_of(timeseries_dataset_from_array(data, INT64_MAX, {.sampling_rate = 3})).empty());
  const auto shuffled = timeseries_dataset_from_array(data, 1, {.shuffle = true, .seed = 1});
  const Numbers order = numbers_of(shuffled);
  CHECK(order != numbers_of(shuffled));
  CHECK(sorted(order) == data.to_vector<std::int32_t>());
  CHECK(numbers_of(timeseries_dataset_from_array(data, 1, {.shuffle = true, .seed = 1})) == order);
}

TEST_CASE("timeseries_dataset_from_array: what it cannot take") {
  const Tensor data = arange(20);
  const auto says = [&](const std::string& text, const utils::TimeseriesOptions& options) {
    CHECK_THROWS_TEXT(ValueError, "[timeseries_dataset_from_array] " + text,
                      timeseries_dataset_from_array(data, 2, options));
  };
  says("`start_index` must be 0 or greater. Received: start_index=-1", {.start_index = -1});
  says("`start_index` must be lower than the length of the data. Received: start_index=20, for data of length 20",
       {.start_index = 20});
  says("`end_index` must be higher than `start_index`. Received: start_index=3, and end_index=3",
       {.start_index = 3, .end_index = 3});
  says("`end_index` must be at most the length of the data. Received: end_index=21", {.end_index = 21});
  says("`sampling_rate` must be higher than 0. Received: sampling_rate=0", {.sampling_rate = 0});
  says(
      "`sequence_stride` must be lower than the length of the data. Received: sequence_stride=20, for data of length "
      "20",
      {.sequence_stride = 20});
  CHECK_THROWS_TEXT(ValueError, "`sequence_length` must be higher than 0. Received: 0",
                    timeseries_dataset_from_array(data, 0));
  CHECK_THROWS_TEXT(ValueError, "expected an array with an axis of time, received a scalar",
                    timeseries_dataset_from_array(constant(1), 1));
  CHECK_THROWS_TEXT(ValueError, "expected targets, received an empty tensor",
                    timeseries_dataset_from_array(data, Tensor(), 1));
}

TEST_CASE("split_dataset: sizes, order, contents") {
  const auto ten = data::from_tensor_slices(arange(10));
  const auto [left, right] = split_dataset(ten, {.left_size = 0.75});
  CHECK(numbers_of(left) == Numbers{0, 1, 2, 3, 4, 5, 6, 7});  // 7.5 rounded to the even number, as Python does
  CHECK(numbers_of(right) == Numbers{8, 9});
  CHECK(left.cardinality() == 8);
  CHECK(numbers_of(split_dataset(ten, {.right_size = 4}).first).size() == 6);
  const auto [a, b] = split_dataset(ten, {.left_size = 2, .right_size = 0.3});
  CHECK(numbers_of(a) == Numbers{0, 1});
  CHECK(numbers_of(b) == Numbers{7, 8, 9});
  const auto [c, d] = split_dataset(ten, {.left_size = 5, .shuffle = true, .seed = 1});
  Numbers all = numbers_of(c);
  const Numbers rest = numbers_of(d);
  CHECK(numbers_of(c) == all);  // the order is settled once
  CHECK(all != Numbers{0, 1, 2, 3, 4});
  all.insert(all.end(), rest.begin(), rest.end());
  CHECK(sorted(all) == numbers_of(ten));
  // The parts of a dataset that has a new order in each loop do not overlap.
  const auto [e, f] = split_dataset(ten.shuffle(10), {.left_size = 5});
  all = numbers_of(e);
  for (const auto i : numbers_of(f)) CHECK(std::ranges::find(all, i) == all.end());
  const auto pairs = split_dataset(data::from_tensor_slices(arange(4), arange(4)), {.left_size = 1});
  for (auto [x, y] : pairs.first) CHECK(y.item<int>() == 0);
}

TEST_CASE("split_dataset: what it cannot take") {
  const auto ten = data::from_tensor_slices(arange(10));
  const auto says = [&](const std::string& text, const utils::SplitDatasetOptions& options) {
    CHECK_THROWS_TEXT(ValueError, "[split_dataset] " + text, split_dataset(ten, options));
  };
  says("At least one of the `left_size` or `right_size` must be specified.", {});
  says(
      "`left_size` should be either a positive integer smaller than 10, or a float within the range `[0, 1]`. "
      "Received: "
      "left_size=10",
      {.left_size = 10});
  says("`right_size` should be either a positive integer smaller than 10", {.right_size = -0.5});
  says("The sum of `left_size` and `right_size` is greater than 1.", {.left_size = 0.6, .right_size = 0.6});
  says("The sum of `left_size` and `right_size` should be smaller than the 10. Received: left_size + right_size = 11",
       {.left_size = 0.6, .right_size = 5});
  says(
      "With `dataset` of length=10, `left_size`=0.01 and `right_size`=none. Resulting left side dataset split will be "
      "empty.",
      {.left_size = 0.01});
  CHECK_THROWS_TEXT(ValueError, "[split_dataset] expected a dataset with an end",
                    split_dataset(ten.repeat(), {.left_size = 1}));
}
