#include "xtape/data/text_datasets.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/idx_bytes.hpp"
#include "support/source_dir.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/io/npz.hpp"

using namespace xtape;
using namespace xtape::testing;
namespace imdb = datasets::imdb;
namespace reuters = datasets::reuters;
using data::Sequences;

namespace {

const std::string fixtures = testing::source_dir() + "/tests/data/fixtures";  // see the README there

Sequences sorted(Sequences x) {
  std::ranges::sort(x);
  return x;
}

}  // namespace

TEST_CASE("imdb: texts and labels as Keras makes them, in an order of the seed") {
  // By Keras's rule: a 1 before the text, 3 added to each word; the largest word, 70003, is out of the vocabulary.
  const auto [train, test] = imdb::load_data({.dir = fixtures});
  CHECK(sorted(train.x) == Sequences{{1, 4, 5, 6}, {1, 7, 8}, {1, 10, 11, 303, 2}, {1, 12}});
  CHECK(sorted(test.x) == Sequences{{1, 4, 4}, {1, 5, 6, 7}});
  CHECK(train.y.dtype() == int32);
  for (std::size_t i = 0; i < 4; ++i) {  // the labels 1, 0, 1, 0 have gone with their texts
    const bool good = train.x[i].size() == 4 || train.x[i].size() == 2;
    CHECK(train.y.data<std::int32_t>()[i] == good);
  }
  CHECK(imdb::load_data({.dir = fixtures}).train.x == train.x);
  bool other = false;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    other = other || imdb::load_data({.seed = seed, .dir = fixtures}).train.x != train.x;
  }
  CHECK(other);
}

TEST_CASE("imdb: keyword arguments") {
  const auto train_of = [](imdb::ImdbOptions options) {
    options.dir = fixtures;
    return sorted(imdb::load_data(options).train.x);
  };
  CHECK(train_of({.num_words = 8}) == Sequences{{1, 2}, {1, 2, 2, 2, 2}, {1, 4, 5, 6}, {1, 7, 2}});
  CHECK(train_of({.num_words = 8, .oov_char = {}}) == Sequences{{1}, {1}, {1, 4, 5, 6}, {1, 7}});
  CHECK(train_of({.num_words = 8, .skip_top = 5, .oov_char = 0}) ==
        Sequences{{0, 0}, {0, 0, 0, 0, 0}, {0, 0, 5, 6}, {0, 7, 0}});
  CHECK(train_of({.num_words = 100000, .start_char = {}}) == Sequences{{4, 5, 6}, {7, 8}, {10, 11, 303, 70003}, {12}});
  CHECK(train_of({.num_words = 100000, .start_char = {}, .index_from = 0}) ==
        Sequences{{1, 2, 3}, {4, 5}, {7, 8, 300, 70000}, {9}});
  CHECK(train_of({.maxlen = 4}) == Sequences{{1, 2}, {1, 7, 8}});  // shorter than 4, with the start; 12 is the largest
  CHECK_THROWS_TEXT(ValueError,
                    "[imdb.load_data] After filtering for sequences shorter than maxlen=2, no sequence was kept. "
                    "Increase maxlen.",
                    train_of({.maxlen = 2}));
  CHECK_THROWS_TEXT(ValueError, "[imdb.load_data] expected maxlen of at least 1, received 0", train_of({.maxlen = 0}));
  CHECK_THROWS_TEXT(ValueError, "[imdb.load_data] expected num_words of at least 1, received 0",
                    train_of({.num_words = 0}));
}

TEST_CASE("reuters: a part of the texts for testing") {
  const auto [train, test] = reuters::load_data({.dir = fixtures});
  CHECK(train.x.size() == 8);
  CHECK(test.x.size() == 2);
  CHECK(train.y.shape() == Shape{8});
  Sequences all = train.x;
  all.insert(all.end(), test.x.begin(), test.x.end());
  Sequences expected;
  for (std::int32_t i = 0; i < 10; ++i) expected.push_back({1, i + 3, i == 9 ? 2 : i + 4});
  CHECK(sorted(all) == expected);
  for (std::size_t i = 0; i < 8; ++i) CHECK(train.x[i][1] == train.y.data<std::int32_t>()[i] + 3);
  CHECK(reuters::load_data({.test_split = 0.35, .dir = fixtures}).test.x.size() == 4);  // 10 - int(6.5)
  CHECK(reuters::load_data({.test_split = 0, .dir = fixtures}).test.x.empty());
  const auto names = reuters::get_label_names();
  CHECK(names.size() == 46);
  CHECK(names.front() == "cocoa");
  CHECK(names.back() == "lead");
  CHECK_THROWS_TEXT(ValueError, "[reuters.load_data] expected a test_split between 0 and 1, received 1.5",
                    reuters::load_data({.test_split = 1.5, .dir = fixtures}));
}

TEST_CASE("text data sets: word indices") {
  const TempDir dir;
  dir.write("imdb_word_index.json", R"({"the": 1, "fawn": 34701, "d\u00e9j\u00e0": 0})");
  const auto index = imdb::get_word_index(dir.str());
  CHECK(index == std::map<std::string, std::int32_t>{{"the", 1}, {"fawn", 34701}, {"d\xc3\xa9j\xc3\xa0", 0}});
  CHECK_THROWS_TEXT(
      DataError, "[reuters.get_word_index] the data set was not found. Looked in:", reuters::get_word_index(dir.str()));
  const auto says = [&](const std::string& text, const std::string& json) {
    const std::string path = dir.write("reuters_word_index.json", json);
    CHECK_THROWS_TEXT(DataError, "[reuters.get_word_index] " + path + ": " + text, reuters::get_word_index(dir.str()));
  };
  says("expected JSON, which is damaged at its byte 1", "");
  says("expected JSON, which is damaged at its byte", R"({"a": 1)");
  says("expected an object of names and numbers, received 3", "3");
  says("expected an object of names and numbers, received a list", "[1]");
  says("'a': expected a whole number of at least 0 and 31 bits, received -1", R"({"a": -1})");
  says("'a': expected a whole number of at least 0 and 31 bits, received 2147483648", R"({"a": 2147483648})");
  says("'a': expected a whole number of at least 0 and 31 bits, received \"b\"", R"({"a": "b"})");
  says("'a': expected a whole number of at least 0 and 31 bits, received an object", R"({"a": {}})");
  says("'a' is there twice", R"({"a": 1, "a": 1})");
}

TEST_CASE("text data sets: files that are not found or not right") {
  const TempDir dir;
  CHECK_THROWS_TEXT(DataError,
                    "[imdb.load_data] the data set was not found. Looked in:\n  " + (dir / "imdb") +
                        ": no imdb.npz\n  " + dir.str() +
                        ": no imdb.npz\nTo get it, put "
                        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb.npz into ~/.keras/datasets.",
                    imdb::load_data({.dir = dir.str()}));
  dir.write("imdb.npz", file_bytes(fixtures + "/reuters.npz"));
  CHECK_THROWS_TEXT(DataError, "imdb.npz: expected an array 'x_train', received 'x', 'y'",
                    imdb::load_data({.dir = dir.str()}));
  io::save_npz(dir / "reuters.npz", {{"x", arange(3)}, {"y", arange(3)}});
  CHECK_THROWS_TEXT(DataError, "reuters.npz: 'x.npy': expected a list of Python lists, received [3] elements of '<i4'",
                    reuters::load_data({.dir = dir.str()}));
}

TEST_CASE("text data sets: damage gives texts or an error") {
  const TempDir dir;
  const std::string good = file_bytes(fixtures + "/reuters.npz");
  std::mt19937 random(1);
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    std::string bytes = good;
    for (auto i = random() % 3; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    dir.write("reuters.npz", bytes);
    try {
      const auto loaded = reuters::load_data({.dir = dir.str()});
      CHECK(loaded.train.x.size() <= 10);
    } catch (const DataError&) {
      ++refused;
    }
  }
  CHECK(refused > 150);
}
