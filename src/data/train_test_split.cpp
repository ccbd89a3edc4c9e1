#include "xtape/data/train_test_split.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "data/take_rows.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"

namespace xtape::data {
namespace {

using detail::fail;
using Indices = std::vector<std::int64_t>;

constexpr const char* op = "train_test_split";

struct Parts {
  std::int64_t train, test;
};

std::string text_of(const std::optional<double>& size) { return size ? fmt::format("{}", *size) : "none"; }

/// The number of rows that a size means, before rounding.
double rows_of(const char* name, double size, std::int64_t n) {
  const bool fraction = size > 0 && size < 1;
  const bool number = size >= 1 && size < static_cast<double>(n) && size == std::floor(size);
  if (!fraction && !number) {
    fail<ValueError>(op, "expected a {} between 0 and 1 or a whole number of rows from 1 to {}, received {}", name,
                     n - 1, size);
  }
  return fraction ? size * static_cast<double>(n) : size;
}

/// scikit-learn's rules: a quarter for the test if nothing is given, test rounded up, train rounded down.
Parts sizes_of(std::int64_t n, const SplitOptions& options) {
  std::optional<double> test_size = options.test_size;
  const auto& train_size = options.train_size;
  if (!test_size && !train_size) test_size = 0.25;
  Parts parts{};
  if (test_size) parts.test = static_cast<std::int64_t>(std::ceil(rows_of("test_size", *test_size, n)));
  if (train_size) parts.train = static_cast<std::int64_t>(std::floor(rows_of("train_size", *train_size, n)));
  if (!test_size) parts.test = n - parts.train;
  if (!train_size) parts.train = n - parts.test;
  if (parts.train + parts.test > n) {
    fail<ValueError>(op, "expected sizes that add up to at most {} rows, received {} and {}", n, parts.train,
                     parts.test);
  }
  if (parts.train < 1 || parts.test < 1) {
    fail<ValueError>(op,
                     "With n_samples={}, test_size={} and train_size={}, the resulting {} set will be empty. "
                     "Adjust any of the aforementioned parameters.",
                     n, text_of(test_size), text_of(train_size), parts.train < 1 ? "train" : "test");
  }
  return parts;
}

/// `total` rows shared out to classes in proportion to their counts, the remainders to those that lost most by rounding
/// down, ties in random order.
Indices share_out(const Indices& counts, std::int64_t total, random::Generator& generator) {
  const double all = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  Indices share(counts.size());
  std::vector<std::pair<double, std::uint64_t>> lost(counts.size());
  std::int64_t rest = total;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    const double exact = static_cast<double>(counts[c]) * static_cast<double>(total) / all;
    share[c] = static_cast<std::int64_t>(exact);
    lost[c] = {exact - std::floor(exact), generator.next_u64()};
    rest -= share[c];
  }
  for (; rest > 0; --rest) {
    const auto most = std::ranges::max_element(lost);
    ++share[static_cast<std::size_t>(most - lost.begin())];
    most->first = -1;
  }
  return share;
}

void shuffle(Indices& indices, random::Generator& generator) {
  for (std::size_t i = indices.size(); i > 1; --i) {
    std::swap(indices[i - 1], indices[static_cast<std::size_t>(generator.below(static_cast<std::int64_t>(i)))]);
  }
}

struct Split {
  Indices train, test;
};

/// Divides each class between train and test in proportion to its size.
Split stratified(const Tensor& classes, std::int64_t n, const Parts& parts, random::Generator& generator) {
  if (classes.rank() == 0 || classes.size() != n) {
    fail<ValueError>(op, "expected a class for each of {} rows in stratify, received {}", n, classes.shape());
  }
  const Tensor numbers = detail::convert(classes, float64);
  std::map<double, Indices> rows;
  for (std::int64_t i = 0; i < n; ++i) rows[numbers.data<double>()[static_cast<std::size_t>(i)]].push_back(i);
  Indices counts;
  for (const auto& [number, members] : rows) {
    if (members.size() < 2) {
      fail<ValueError>(op,
                       "The least populated class in y has only 1 member, which is too few. The minimum number of "
                       "groups for any class cannot be less than 2: class {}.",
                       number);
    }
    counts.push_back(static_cast<std::int64_t>(members.size()));
  }
  const auto number_of_classes = static_cast<std::int64_t>(rows.size());
  for (const auto& [name, size] : {std::pair("train_size", parts.train), std::pair("test_size", parts.test)}) {
    if (size < number_of_classes) {
      fail<ValueError>(op, "The {} = {} should be greater or equal to the number of classes = {}", name, size,
                       number_of_classes);
    }
  }
  const Indices train = share_out(counts, parts.train, generator);
  Indices left = counts;
  for (std::size_t c = 0; c < left.size(); ++c) left[c] -= train[c];
  const Indices test = share_out(left, parts.test, generator);
  Split split;
  std::size_t c = 0;
  for (auto& [number, members] : rows) {
    shuffle(members, generator);
    split.train.insert(split.train.end(), members.begin(), members.begin() + train[c]);
    split.test.insert(split.test.end(), members.begin() + train[c], members.begin() + train[c] + test[c]);
    ++c;
  }
  shuffle(split.train, generator);
  shuffle(split.test, generator);
  return split;
}

Split split_rows(std::int64_t n, const SplitOptions& options) {
  const Parts parts = sizes_of(n, options);
  if (!options.shuffle) {
    if (options.stratify.defined()) {
      fail<ValueError>(op, "Stratified train/test split is not implemented for shuffle=false");
    }
    Indices all(static_cast<std::size_t>(parts.train + parts.test));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    return {{all.begin(), all.begin() + parts.train}, {all.begin() + parts.train, all.end()}};
  }
  random::Generator generator(options.random_state ? *options.random_state : random::default_generator().next_u64());
  if (options.stratify.defined()) return stratified(options.stratify, n, parts, generator);
  const auto order = generator.permutation(n).to_vector<std::int64_t>();
  return {{order.begin() + parts.test, order.begin() + parts.test + parts.train},
          {order.begin(), order.begin() + parts.test}};
}

template <std::size_t N>
std::array<Tensor, 2 * N> split(const std::array<Tensor, N>& tensors, const SplitOptions& options) {
  for (const auto& t : tensors) {
    if (!t.defined() || t.rank() == 0)
      fail<ValueError>(op, "expected tensors with rows, received {}", t.defined() ? "a scalar" : "none");
    if (t.shape(0) != tensors[0].shape(0)) {
      fail<ValueError>(op, "expected tensors with the same number of rows, received {} and {}", tensors[0].shape(),
                       t.shape());
    }
  }
  const Split parts = split_rows(tensors[0].shape(0), options);
  std::array<Tensor, 2 * N> result;
  for (std::size_t k = 0; k < N; ++k) {
    result[2 * k] = take(tensors[k], parts.train.data(), static_cast<std::int64_t>(parts.train.size()));
    result[2 * k + 1] = take(tensors[k], parts.test.data(), static_cast<std::int64_t>(parts.test.size()));
  }
  return result;
}

}  // namespace

std::array<Tensor, 2> train_test_split(const Tensor& x, const SplitOptions& options) {
  return split(std::array{x}, options);
}
std::array<Tensor, 4> train_test_split(const Tensor& x, const Tensor& y, const SplitOptions& options) {
  return split(std::array{x, y}, options);
}
std::array<Tensor, 6> train_test_split(const Tensor& x, const Tensor& y, const Tensor& sample_weight,
                                       const SplitOptions& options) {
  return split(std::array{x, y, sample_weight}, options);
}
datasets::TrainTest train_test_split(const TensorDataset& dataset, const SplitOptions& options) {
  const auto [x_train, x_test, y_train, y_test] = train_test_split(dataset.x, dataset.y, options);
  return {{x_train, y_train}, {x_test, y_test}};
}

}  // namespace xtape::data
