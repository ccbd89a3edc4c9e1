#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "xtape/data/any_dataset.hpp"
#include "xtape/data/tensor_dataset.hpp"

namespace xtape::data {

/// A sequence of elements of N tensors that is made while it is looped over, as tf.data.Dataset: a handle that is cheap
/// to copy. Each function returns a new dataset that takes its elements from this one; nothing happens before a loop.
///
///     auto train = data::from_tensor_slices(x_train, y_train)
///                      .shuffle(1000, {.seed = 7})
///                      .map([](const Tensor& x, const Tensor& y) { return std::pair(cast(x, float32) / 255, y); })
///                      .batch(32)
///                      .prefetch(2);
///     for (auto [x, y] : train) ...
///
/// A loop over a dataset of one tensor gives the Tensor, of more a std::array of them, for structured binding. Every
/// loop starts again from the beginning. The order of the elements depends on the seeds only, not on threads: prefetch
/// and num_parallel_calls change nothing. A function that draws from random::default_generator() in another thread
/// draws in an order that is not defined.
///
/// If a function throws, the loop throws its exception in the element's place. No element is lost: `++` on the iterator
/// tries the same element again and goes on from there. The functions throw a ValueError for sizes that are too small;
/// shuffle, batch, skip and prefetch also for more than 2^30 elements at once of a dataset without an end, which would
/// never come. See AnyDataset for functions that take any N, TensorDataset for the fast way to batches of tensors in
/// memory; it converts to a Dataset.
template <std::size_t N>
class Dataset : public AnyDataset {
 public:
  using value_type = detail::ElementValue<N>;

  class Iterator {
   public:
    using value_type = detail::ElementValue<N>;
    using difference_type = std::ptrdiff_t;

    value_type operator*() const { return detail::to_value(*at_, std::make_index_sequence<N>()); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    void operator++(int) { ++at_; }
    bool operator==(std::default_sentinel_t end) const { return at_ == end; }

   private:
    friend class Dataset;
    explicit Iterator(AnyDataset::Iterator at) : at_(std::move(at)) {}
    AnyDataset::Iterator at_;
  };

  /// One example at a time.
  Dataset(const TensorDataset& data) requires(N == 2) : AnyDataset(data) {}
  Dataset(const Batches& batches) requires(N == 2) : AnyDataset(batches) {}
  /// Throws a ValueError when the elements have another number of tensors.
  explicit Dataset(AnyDataset dataset) : AnyDataset(std::move(dataset)) { check(N); }

  Iterator begin() const { return Iterator(AnyDataset::begin()); }
  std::default_sentinel_t end() const { return {}; }

  /// f of each element: called with the N tensors, it returns a Tensor, or a pair, tuple or array of tensors. Their
  /// number is the number of tensors in the new elements.
  template <class F>
  auto map(F f, const MapOptions& options = {}) const {
    constexpr std::size_t size = detail::ElementSize<detail::CallResultOf<F, N>>::value;
    return Dataset<size>(AnyDataset::map(
        [f](const Tensors& e) mutable {
          return detail::to_element(detail::call_with(f, e, std::make_index_sequence<N>()));
        },
        size, options));
  }

  /// The elements for which the predicate, called with the N tensors, returns true or a Tensor that is true.
  template <class F>
  Dataset filter(F predicate) const {
    return Dataset(AnyDataset::filter([predicate](const Tensors& e) mutable -> bool {
      if constexpr (std::same_as<detail::CallResultOf<F, N>, Tensor>) {
        return detail::call_with(predicate, e, std::make_index_sequence<N>()).template item<bool>();
      } else {
        return detail::call_with(predicate, e, std::make_index_sequence<N>());
      }
    }));
  }

  /// In random order: a buffer holds the next `buffer_size` elements, each step takes one of them, all equally likely,
  /// and the next element takes its place. If the buffer holds all elements, every order is equally likely.
  Dataset shuffle(std::int64_t buffer_size, const ShuffleOptions& options = {}) const {
    return Dataset(AnyDataset::shuffle(buffer_size, options));
  }

  /// `batch_size` elements stacked along a new first axis; the last batch may be smaller. Throws a ValueError in the
  /// loop for elements of different shapes or dtypes.
  Dataset batch(std::int64_t batch_size, const BatchOptions& options = {}) const {
    return Dataset(AnyDataset::batch(batch_size, options));
  }

  /// The rows of each element along its first axis.
  Dataset unbatch() const { return Dataset(AnyDataset::unbatch()); }

  /// All elements `count` times; with -1 for ever.
  Dataset repeat(std::int64_t count = -1) const { return Dataset(AnyDataset::repeat(count)); }

  /// The first `count` elements; with -1 all.
  Dataset take(std::int64_t count) const { return Dataset(AnyDataset::take(count)); }
  /// All but the first `count` elements; with -1 none.
  Dataset skip(std::int64_t count) const { return Dataset(AnyDataset::skip(count)); }

  /// These elements, then those of `next`.
  Dataset concatenate(const Dataset& next) const { return Dataset(AnyDataset::concatenate(next)); }

  /// Each element with its number, an int64 scalar, as its first tensor.
  Dataset<N + 1> enumerate(std::int64_t start = 0) const { return Dataset<N + 1>(AnyDataset::enumerate(start)); }

  /// Keeps the elements in memory: each is made once, by the first loop that reaches it. After an error the next loop
  /// starts again.
  Dataset cache() const { return Dataset(AnyDataset::cache()); }

  /// Makes up to `buffer_size` elements ahead in a separate thread. Its exceptions come out of the loop in the
  /// element's place; leaving the loop early ends the thread.
  Dataset prefetch(std::int64_t buffer_size) const { return Dataset(AnyDataset::prefetch(buffer_size)); }

 private:
  void check(std::size_t tensors) const { detail::check_tensors_per_element(*this, tensors); }
};

/// The rows of tensors along their first axes, without copies: element i is (x[i], y[i], ...). Throws a ValueError for
/// scalars and for different numbers of rows.
template <std::convertible_to<Tensor>... T>
Dataset<sizeof...(T)> from_tensor_slices(const T&... tensors) {
  return Dataset<sizeof...(T)>(detail::slices_of({Tensor(tensors)...}));
}

/// A dataset of one element, these tensors.
template <std::convertible_to<Tensor>... T>
Dataset<sizeof...(T)> from_tensors(const T&... tensors) {
  return Dataset<sizeof...(T)>(
      detail::dataset_of(1, sizeof...(T), [e = Tensors{Tensor(tensors)...}](std::int64_t) { return e; }));
}

/// The results of a function without arguments that returns a std::optional of what map's functions return, until it
/// is empty. Each loop calls a copy that is made of the function as it is now:
///
///     auto counter = data::from_generator([i = 0]() mutable -> std::optional<Tensor> {
///       if (i == 3) return std::nullopt;
///       return Tensor(i++);
///     });
template <class F>
auto from_generator(F generator) {
  using Result = typename std::invoke_result_t<F&>::value_type;
  constexpr std::size_t size = detail::ElementSize<Result>::value;
  return Dataset<size>(detail::dataset_of(size, [generator]() -> std::function<std::optional<Tensors>()> {
    return [g = generator]() mutable -> std::optional<Tensors> {
      auto result = g();
      if (!result) return std::nullopt;
      return detail::to_element(*std::move(result));
    };
  }));
}

/// reader(path) for each file; reader returns what map's functions return. unbatch() makes one element of each row:
///
///     data::from_files(paths, io::load_npy).unbatch()
///     data::from_files(paths, [](const std::string& path) { return io::load_csv(path, {.skip_rows = 1}); }).unbatch()
template <class F>
auto from_files(std::vector<std::string> paths, F reader) {
  constexpr std::size_t size =
      detail::ElementSize<std::remove_cvref_t<std::invoke_result_t<F&, const std::string&>>>::value;
  const auto count = static_cast<std::int64_t>(paths.size());
  return Dataset<size>(detail::dataset_of(count, size, [paths = std::move(paths), reader](std::int64_t i) mutable {
    return detail::to_element(reader(static_cast<const std::string&>(paths[static_cast<std::size_t>(i)])));
  }));
}

/// The int64 scalars start, start + step, ... before stop. Throws a ValueError for a step of 0 and for
/// more than 2^63 - 1 numbers.
Dataset<1> range(std::int64_t start, std::int64_t stop, std::int64_t step = 1);
inline Dataset<1> range(std::int64_t stop) { return range(0, stop); }

/// Elements with the tensors of both datasets; it ends with the shorter one.
template <std::size_t N, std::size_t M>
Dataset<N + M> zip(const Dataset<N>& a, const Dataset<M>& b) {
  return Dataset<N + M>(static_cast<const AnyDataset&>(a).zip(b));
}
template <std::size_t N, std::size_t M, std::size_t K>
Dataset<N + M + K> zip(const Dataset<N>& a, const Dataset<M>& b, const Dataset<K>& c) {
  return zip(zip(a, b), c);
}

}  // namespace xtape::data
