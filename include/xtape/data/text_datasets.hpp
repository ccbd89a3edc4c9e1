#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/data/preprocessing.hpp"

// Texts as lists of word numbers, of different lengths: utils::pad_sequences makes a tensor of them.
namespace xtape::datasets {

/// `auto [x, y] = train;`
struct SequenceDataset {
  data::Sequences x;
  Tensor y;  ///< [n], int32
};

/// `auto [train, test] = imdb::load_data();`
struct SequenceTrainTest {
  SequenceDataset train;
  SequenceDataset test;
};

/// 25000 training and 25000 test film reviews, 1 for good and 0 for bad ones (Maas et al. 2011). A word's number is its
/// rank by frequency, plus index_from.
namespace imdb {

/// Keyword arguments of imdb::load_data().
struct ImdbOptions {
  /// Numbers from here on become oov_char. Not set: only the largest number does, as in Keras.
  std::optional<std::int64_t> num_words = {};
  std::int64_t skip_top = 0;                   ///< numbers below become oov_char
  std::optional<std::int64_t> maxlen = {};     ///< texts of this length or longer are left out
  std::uint64_t seed = 113;                    ///< of the order
  std::optional<std::int32_t> start_char = 1;  ///< begins every text
  std::optional<std::int32_t> oov_char = 2;    ///< replaces words that are not kept; not set: they are left out
  std::int32_t index_from = 3;                 ///< is added to every word's number
  std::string dir = {};                        ///< the folder with imdb.npz; empty: as LoadOptions::dir
};

/// Reads imdb.npz, which Keras keeps in ~/.keras/datasets. The order depends on the seed; it is not Keras's,
/// which NumPy's generator makes. Throws a DataError when the file is not found or damaged, a ValueError when maxlen
/// leaves no text.
SequenceTrainTest load_data(const ImdbOptions& options = {});

/// Which number each word has, without index_from: word w of a text is the one with the number w - index_from. Reads
/// imdb_word_index.json from where imdb.npz is looked for.
std::map<std::string, std::int32_t> get_word_index(const std::string& dir = {});

}  // namespace imdb

/// 11228 newswires of Reuters on 46 topics (Reuters-21578).
namespace reuters {

/// Keyword arguments of reuters::load_data(), as of imdb::load_data().
struct ReutersOptions {
  std::optional<std::int64_t> num_words = {};
  std::int64_t skip_top = 0;
  std::optional<std::int64_t> maxlen = {};
  double test_split = 0.2;  ///< the fraction of the data for testing
  std::uint64_t seed = 113;
  std::optional<std::int32_t> start_char = 1;
  std::optional<std::int32_t> oov_char = 2;
  std::int32_t index_from = 3;
  std::string dir = {};
};

/// Reads reuters.npz; see imdb::load_data().
SequenceTrainTest load_data(const ReutersOptions& options = {});

/// As imdb::get_word_index(), of reuters_word_index.json.
std::map<std::string, std::int32_t> get_word_index(const std::string& dir = {});

/// What the labels 0 to 45 stand for.
std::vector<std::string> get_label_names();

}  // namespace reuters
}  // namespace xtape::datasets
