#include "xtape/data/text_datasets.hpp"

#include <algorithm>
#include <limits>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "data/dataset_files.hpp"
#include "io/json_numbers.hpp"
#include "io/npz_file.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"

namespace xtape::datasets {
namespace {

using data::Sequences;
using detail::fail;

struct Texts {
  Sequences x;
  std::vector<std::int32_t> y;

  void add(std::vector<std::int32_t> text, std::int32_t label) {
    x.push_back(std::move(text));
    y.push_back(label);
  }
};

/// The texts of two arrays of an npz file, in random order.
Texts read_texts(const char* op, detail::NpzFile& file, const char* x_name, const char* y_name,
                 random::Generator& generator) {
  Sequences x = file.read_lists(x_name);
  const Tensor y = file.read(y_name);
  if (!is_integer(y.dtype()) || y.shape() != Shape{static_cast<std::int64_t>(x.size())}) {
    fail<DataError>(op, "{}: expected a whole number as label for each of {} texts in {}, received {} of {}",
                    file.path(), x.size(), y_name, y.shape(), y.dtype());
  }
  const Tensor numbers = detail::convert(y, int32), order = generator.permutation(y.size());
  Texts texts;
  for (const std::int64_t i : order.data<std::int64_t>()) {
    const auto at = static_cast<std::size_t>(i);
    texts.add(std::move(x[at]), numbers.data<std::int32_t>()[at]);
  }
  return texts;
}

/// Adds index_from and the start, then leaves out long texts.
template <class Options>
Texts begin_texts(const char* op, Texts texts, const Options& options) {
  Texts kept;
  for (std::size_t i = 0; i < texts.x.size(); ++i) {
    auto& text = texts.x[i];
    for (auto& word : text) {
      std::int32_t number = 0;
      if (__builtin_add_overflow(word, options.index_from, &number)) {
        fail<DataError>(op, "expected word numbers to which index_from = {} can be added, received {}",
                        options.index_from, word);
      }
      word = number;
    }
    if (options.start_char) text.insert(text.begin(), *options.start_char);
    if (!options.maxlen || static_cast<std::int64_t>(text.size()) < *options.maxlen) {
      kept.add(std::move(text), texts.y[i]);
    }
  }
  if (options.maxlen && kept.x.empty()) {
    fail<ValueError>(op, "After filtering for sequences shorter than maxlen={}, no sequence was kept. Increase maxlen.",
                     *options.maxlen);
  }
  return kept;
}

std::int64_t largest_word(const Sequences& texts) {
  std::int64_t largest = std::numeric_limits<std::int64_t>::min();
  for (const auto& text : texts) {
    for (const auto word : text) largest = std::max<std::int64_t>(largest, word);
  }
  return largest;
}

/// Replaces, or leaves out, the words outside [skip_top, num_words).
template <class Options>
void limit_words(Sequences& texts, std::int64_t num_words, const Options& options) {
  const auto outside = [&](std::int32_t word) { return word < options.skip_top || word >= num_words; };
  for (auto& text : texts) {
    if (options.oov_char) {
      std::ranges::replace_if(text, outside, *options.oov_char);
    } else {
      std::erase_if(text, outside);
    }
  }
}

SequenceDataset dataset_of(Texts texts) { return {std::move(texts.x), constant(texts.y)}; }

template <class Options>
detail::NpzFile open(const char* op, const char* name, const char* folder, const Options& options) {
  if (options.maxlen && *options.maxlen < 1) {
    fail<ValueError>(op, "expected maxlen of at least 1, received {}", *options.maxlen);
  }
  if (options.num_words && *options.num_words < 1) {
    fail<ValueError>(op, "expected num_words of at least 1, received {}", *options.num_words);
  }
  return detail::NpzFile(op, find_file(op, options.dir, folder, name, keras_advice(name)));
}

std::map<std::string, std::int32_t> read_word_index(const char* op, const char* name, const char* folder,
                                                    const std::string& dir) {
  return detail::read_json_numbers(op, find_file(op, dir, folder, name, keras_advice(name)));
}

}  // namespace

SequenceTrainTest imdb::load_data(const ImdbOptions& options) {
  constexpr const char* op = "imdb.load_data";
  detail::NpzFile file = open(op, "imdb.npz", "imdb", options);
  random::Generator generator(options.seed);
  Texts train = begin_texts(op, read_texts(op, file, "x_train", "y_train", generator), options);
  Texts test = begin_texts(op, read_texts(op, file, "x_test", "y_test", generator), options);
  const std::int64_t num_words =
      options.num_words ? *options.num_words : std::max(largest_word(train.x), largest_word(test.x));
  limit_words(train.x, num_words, options);
  limit_words(test.x, num_words, options);
  return {dataset_of(std::move(train)), dataset_of(std::move(test))};
}

SequenceTrainTest reuters::load_data(const ReutersOptions& options) {
  constexpr const char* op = "reuters.load_data";
  if (!(options.test_split >= 0 && options.test_split <= 1)) {
    fail<ValueError>(op, "expected a test_split between 0 and 1, received {}", options.test_split);
  }
  detail::NpzFile file = open(op, "reuters.npz", "reuters", options);
  random::Generator generator(options.seed);
  Texts train = begin_texts(op, read_texts(op, file, "x", "y", generator), options);
  limit_words(train.x, options.num_words ? *options.num_words : largest_word(train.x), options);
  const auto first_test = static_cast<std::size_t>(static_cast<double>(train.x.size()) * (1 - options.test_split));
  Texts test;
  for (std::size_t i = first_test; i < train.x.size(); ++i) test.add(std::move(train.x[i]), train.y[i]);
  train.x.resize(first_test);
  train.y.resize(first_test);
  return {dataset_of(std::move(train)), dataset_of(std::move(test))};
}

std::map<std::string, std::int32_t> imdb::get_word_index(const std::string& dir) {
  return read_word_index("imdb.get_word_index", "imdb_word_index.json", "imdb", dir);
}
std::map<std::string, std::int32_t> reuters::get_word_index(const std::string& dir) {
  return read_word_index("reuters.get_word_index", "reuters_word_index.json", "reuters", dir);
}

std::vector<std::string> reuters::get_label_names() {
  return {"cocoa",     "grain",        "veg-oil", "earn",       "acq",      "wheat",    "copper",
          "housing",   "money-supply", "coffee",  "sugar",      "trade",    "reserves", "ship",
          "cotton",    "carcass",      "crude",   "nat-gas",    "cpi",      "money-fx", "interest",
          "gnp",       "meal-feed",    "alum",    "oilseed",    "gold",     "tin",      "strategic-metal",
          "livestock", "retail",       "ipi",     "iron-steel", "rubber",   "heat",     "jobs",
          "lei",       "bop",          "zinc",    "orange",     "pet-chem", "dlr",      "gas",
          "silver",    "wpi",          "hog",     "lead"};
}

}  // namespace xtape::datasets
