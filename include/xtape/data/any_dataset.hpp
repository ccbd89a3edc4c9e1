#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>

#include "xtape/data/dataset_elements.hpp"

namespace xtape::detail {
class DataStage;
class DataCursor;
}  // namespace xtape::detail

namespace xtape::data {

/// AnyDataset::cardinality() of a dataset without an end (tf.data.INFINITE_CARDINALITY).
inline constexpr std::int64_t infinite_cardinality = -1;
/// AnyDataset::cardinality() where only a loop over the dataset can tell (tf.data.UNKNOWN_CARDINALITY).
inline constexpr std::int64_t unknown_cardinality = -2;

/// Keyword arguments of shuffle().
struct ShuffleOptions {
  /// Where it is not set, a seed is drawn from random::default_generator() when shuffle() is called.
  std::optional<std::uint64_t> seed = {};
  bool reshuffle_each_iteration = true;  ///< a new order each time the dataset is looped over
};

/// Keyword arguments of map().
struct MapOptions {
  /// How many threads call the function, at most 1024, each its own copy; the order of the elements stays. 0: the
  /// thread of the loop calls it.
  int num_parallel_calls = 0;
};

/// A dataset with any number of tensors in its elements, for functions that take any dataset: loops over it give
/// Tensors, a vector of tensors: x; x and y; x, y and the sample weights; or any others.
///
///     double examples(const data::AnyDataset& dataset) {
///       double n = 0;
///       for (const Tensors& e : dataset) n += e[0].shape(0);
///       return n;
///     }
///
/// Takes a Dataset, a TensorDataset (one example at a time), a Batches: `examples(train.shuffle(1).batch(50))`.
/// The functions are those of Dataset.
class AnyDataset {
 public:
  /// A position in one loop; an input iterator. Copies share the position.
  class Iterator {
   public:
    using value_type = Tensors;
    using difference_type = std::ptrdiff_t;

    const Tensors& operator*() const { return element_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return cursor_ == nullptr; }

   private:
    friend class AnyDataset;
    explicit Iterator(std::shared_ptr<detail::DataCursor> cursor) : cursor_(std::move(cursor)) { ++*this; }

    std::shared_ptr<detail::DataCursor> cursor_;  // none at the end
    Tensors element_;
  };

  AnyDataset(const TensorDataset& data);
  AnyDataset(const Batches& batches);
  explicit AnyDataset(std::shared_ptr<const detail::DataStage> stage) : stage_(std::move(stage)) {}

  /// Starts a loop.
  Iterator begin() const;
  std::default_sentinel_t end() const { return {}; }

  /// The number of elements, infinite_cardinality or unknown_cardinality.
  std::int64_t cardinality() const;
  /// The number of tensors in an element.
  std::size_t tensors_per_element() const;

  AnyDataset map(std::function<Tensors(const Tensors&)> f, std::size_t tensors, const MapOptions& options = {}) const;
  AnyDataset filter(std::function<bool(const Tensors&)> predicate) const;
  AnyDataset shuffle(std::int64_t buffer_size, const ShuffleOptions& options = {}) const;
  AnyDataset batch(std::int64_t batch_size, const BatchOptions& options = {}) const;
  AnyDataset unbatch() const;
  AnyDataset repeat(std::int64_t count = -1) const;
  AnyDataset take(std::int64_t count) const;
  AnyDataset skip(std::int64_t count) const;
  AnyDataset concatenate(const AnyDataset& next) const;
  AnyDataset enumerate(std::int64_t start = 0) const;
  AnyDataset cache() const;
  AnyDataset prefetch(std::int64_t buffer_size) const;
  AnyDataset zip(const AnyDataset& other) const;

 private:
  std::shared_ptr<const detail::DataStage> stage_;
};

}  // namespace xtape::data

namespace xtape::detail {

/// `count` elements (or infinite_cardinality): f(0), f(1), ...
data::AnyDataset dataset_of(std::int64_t count, std::size_t tensors, std::function<Tensors(std::int64_t)> f);
/// What a function returns until it returns nothing; `start` makes the function for each loop.
data::AnyDataset dataset_of(std::size_t tensors, std::function<std::function<std::optional<Tensors>()>()> start);
data::AnyDataset slices_of(Tensors tensors);
void check_tensors_per_element(const data::AnyDataset& dataset, std::size_t tensors);

}  // namespace xtape::detail
