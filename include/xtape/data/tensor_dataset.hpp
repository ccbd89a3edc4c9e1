#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>

#include "xtape/core/random.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::data {

/// Some examples and their targets: `auto [x, y] = batches.next();`.
struct Batch {
  Tensor x;
  Tensor y;
};

/// Keyword arguments of batch().
struct BatchOptions {
  bool drop_remainder = false;  ///< leave out a last batch that is smaller than the others
};

class Batches;
class ShuffledDataset;

/// Examples and their targets in memory: row i of x (along axis 0) belongs to row i of y.
///
///     for (auto [x, y] : test.batch(50)) ...              // in order
///     auto batches = train.shuffle(seed).batch(50);
///     for (int epoch = 0; epoch < 5; ++epoch) {
///       for (auto [x, y] : batches) ...                   // in a new order each time
///     }
///
/// `auto [x_train, y_train] = train;` takes it apart. It and its batches convert to a Dataset (data/dataset.hpp):
/// `data::Dataset<2> batches = train.shuffle(seed).batch(50);`.
class TensorDataset {
 public:
  /// Throws a ValueError when either is a scalar or empty, has no row, or the numbers of rows differ.
  TensorDataset(Tensor examples, Tensor targets);

  /// The number of examples.
  std::int64_t size() const { return x.shape(0); }

  /// The examples in their order, `batch_size` at a time; the last batch may be smaller. Batches share the elements
  /// of x and y. Throws a ValueError for a batch size below 1.
  Batches batch(std::int64_t batch_size, const BatchOptions& options = {}) const;

  /// The examples in a new order for each epoch: a permutation that depends on the seed and the number of the epoch
  /// only.
  ShuffledDataset shuffle(std::uint64_t seed) const;

  /// The first `count` examples, or all but these, without a copy. Throws a ValueError when none is left.
  TensorDataset take(std::int64_t count) const;
  TensorDataset skip(std::int64_t count) const;

  Tensor x;
  Tensor y;
};

/// A dataset in a new order for each epoch; see TensorDataset::shuffle.
class ShuffledDataset {
 public:
  ShuffledDataset(TensorDataset data, std::uint64_t seed);

  std::int64_t size() const { return data_.size(); }

  /// As TensorDataset::batch, but in a new order each time the result is looped over, and each batch holds a copy of
  /// its rows.
  Batches batch(std::int64_t batch_size, const BatchOptions& options = {}) const;

 private:
  TensorDataset data_;
  std::uint64_t seed_;
};

/// The batches of a dataset, to be looped over once for each epoch. A batch makes no call to malloc once earlier
/// batches are destroyed.
class Batches {
 public:
  /// A position in one epoch; an input iterator.
  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;

    Batch operator*() const;
    Iterator& operator++() {
      first_ += batches_->batch_size_;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return first_ >= batches_->end_; }

   private:
    friend class Batches;
    Iterator(const Batches* batches, Tensor order) : batches_(batches), order_(std::move(order)) {}

    const Batches* batches_;
    Tensor order_;  // the epoch's permutation; empty: the order of the data
    std::int64_t first_ = 0;
  };

  /// In the data's order, or shuffled by a seed.
  Batches(TensorDataset data, std::int64_t batch_size, const BatchOptions& options = {},
          std::optional<std::uint64_t> shuffle_seed = {});

  /// Starts the next epoch.
  Iterator begin();
  std::default_sentinel_t end() const { return {}; }

  /// The number of batches of an epoch.
  std::int64_t size() const { return end_ / batch_size_ + (end_ % batch_size_ != 0); }

 private:
  TensorDataset data_;
  std::int64_t batch_size_;
  std::int64_t end_;  // how many examples an epoch takes
  std::optional<random::Generator> generator_;
};

}  // namespace xtape::data
