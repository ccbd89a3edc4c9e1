#include <cstdint>
#include <functional>
#include <limits>

#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "support/unsearchable.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/data/dataset.hpp"
#include "xtape/data/mnist.hpp"
#include "xtape/data/preprocessing.hpp"
#include "xtape/data/text_datasets.hpp"
#include "xtape/io/summary_writer.hpp"

// Numbers at the limits of their types: the result is right or an error of xtape.
using namespace xtape;
using namespace xtape::testing;

namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max(),
                       least = std::numeric_limits<std::int64_t>::min();

std::vector<std::int64_t> numbers_of(const data::Dataset<1>& dataset) {
  std::vector<std::int64_t> numbers;
  for (const Tensor& t : dataset) numbers.push_back(t.item<std::int64_t>());
  return numbers;
}

}  // namespace

TEST_CASE("Dataset: ranges and numbers at the ends of int64") {
  CHECK(numbers_of(data::range(most - 2, most)) == std::vector{most - 2, most - 1});
  CHECK(numbers_of(data::range(least + 1, least, -1)) == std::vector{least + 1});
  const auto wide = data::range(least, most, std::int64_t{1} << 62);
  CHECK(numbers_of(wide) == std::vector{least, least / 2, std::int64_t{0}, std::int64_t{1} << 62});
  CHECK(numbers_of(data::range(most, least, least)) == std::vector{most, std::int64_t{-1}});
  CHECK_THROWS_TEXT(ValueError, "[range] expected at most 2^63 - 1 elements", data::range(least, most));
  CHECK_THROWS_TEXT(ValueError, "[range] expected at most 2^63 - 1 elements", data::range(most, least, -1));
  std::int64_t last = 0;
  const auto loop = [&] {
    for (auto [i, x] : data::range(3).enumerate(most)) last = i.item<std::int64_t>();
  };
  CHECK_THROWS_TEXT(ValueError, "[Dataset.enumerate] no int64 holds 9223372036854775807 + 1", loop());
  CHECK(last == most);
}

TEST_CASE("Dataset: counts and sizes beyond all data") {
  const auto five = data::range(5);
  CHECK(numbers_of(five.take(most)).size() == 5);
  CHECK(numbers_of(five.skip(most)).empty());
  CHECK(numbers_of(five.shuffle(most, {.seed = 1})).size() == 5);
  CHECK(numbers_of(five.prefetch(most)).size() == 5);
  CHECK(numbers_of(five.repeat(most).take(7)).size() == 7);
  CHECK(five.repeat(most).cardinality() == data::unknown_cardinality);
  CHECK(data::range(most).concatenate(data::range(most)).cardinality() == data::unknown_cardinality);
  std::vector<std::int64_t> sizes;
  for (const Tensor& batch : five.batch(most)) sizes.push_back(batch.size());
  const data::TensorDataset examples(zeros({5, 2}), zeros({5}));
  for (auto [x, y] : examples.batch(most)) sizes.push_back(x.shape(0));
  for (auto [x, y] : examples.shuffle(1).batch(most)) sizes.push_back(y.shape(0));
  for (auto [x, y] : examples.batch(most, {.drop_remainder = true})) sizes.push_back(y.shape(0));
  CHECK(sizes == std::vector<std::int64_t>{5, 5, 5});
  CHECK(examples.batch(most).size() == 1);
}

TEST_CASE("Dataset: what would never end is refused") {
  const auto endless = data::range(5).repeat();
  const auto says = [](const char* op) {
    return std::string(op) + "] expected at most 1073741824 elements at once of a dataset without an end";
  };
  CHECK_THROWS_TEXT(ValueError, says("[Dataset.batch"), endless.batch(most));
  CHECK_THROWS_TEXT(ValueError, says("[Dataset.shuffle"), endless.shuffle(most));
  CHECK_THROWS_TEXT(ValueError, says("[Dataset.prefetch"), endless.prefetch(most));
  CHECK_THROWS_TEXT(ValueError, says("[Dataset.skip"), endless.skip(most));
  CHECK_THROWS_TEXT(ValueError, "[Dataset.map] expected num_parallel_calls of at most 1024, received 100000",
                    endless.map([](const Tensor& x) { return x; }, {.num_parallel_calls = 100000}));
}

TEST_CASE("preprocessing: numbers at the ends of their types") {
  CHECK_THROWS_TEXT(ValueError, "[to_categorical]", utils::to_categorical(constant({most}, int64)));
  CHECK_THROWS_TEXT(ValueError, "[to_categorical]", utils::to_categorical(constant({least}, int64)));
  CHECK_THROWS_TEXT(ValueError, "", utils::to_categorical(constant({1, 2}), most));
  const data::Sequences sequences{{1}, {2, 3}};
  CHECK_THROWS_TEXT(ValueError, "", utils::pad_sequences(sequences, {.maxlen = most}));
  CHECK_THROWS_TEXT(ValueError, "[pad_sequences] expected a value that int32 holds, received nan",
                    utils::pad_sequences(sequences, {.value = std::numeric_limits<double>::quiet_NaN()}));
  CHECK_THROWS_TEXT(ValueError, "[pad_sequences] expected a value that int64 holds, received 1e+30",
                    utils::pad_sequences(sequences, {.dtype = int64, .value = 1e30}));
  CHECK(utils::normalize(zeros({0, std::int64_t{1} << 30, std::int64_t{1} << 30})).size() == 0);
}

TEST_CASE("summary::FileWriter: options at the ends of their types") {
  const TempDir dir;
  auto writer =
      summary::create_file_writer(dir.str(), {.max_queue = std::numeric_limits<int>::max(), .flush_millis = most});
  writer.scalar("a", 1, most);
  CHECK_THROWS_TEXT(ValueError, "[FileWriter.histogram] expected buckets <= 1048576",
                    writer.histogram("h", zeros({3}), 1, {.buckets = most}));
  writer.image("i", zeros({0, std::int64_t{1} << 30, std::int64_t{1} << 30, 4}), 1, {.max_outputs = most});
}

TEST_CASE("datasets: a folder that may not be searched is an error, not a folder without files") {
  const TempDir dir;
  const std::string locked = dir / "locked";
  std::filesystem::create_directories(locked);
  const Unsearchable until_the_end(locked);
  CHECK_THROWS_TEXT(DataError, "Permission denied", datasets::mnist::load_data({.dir = locked}));
  CHECK_THROWS_TEXT(DataError, "Permission denied", datasets::imdb::get_word_index(locked));
}
