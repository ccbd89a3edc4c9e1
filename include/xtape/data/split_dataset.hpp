#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "xtape/data/dataset.hpp"

namespace xtape::utils {

/// Keyword arguments of split_dataset(). A size below 1 is a fraction of the elements, rounded; otherwise it is a
/// number of elements. One of the sizes is enough.
struct SplitDatasetOptions {
  std::optional<double> left_size = {};
  std::optional<double> right_size = {};
  bool shuffle = false;
  std::optional<std::uint64_t> seed = {};  ///< by default of random::default_generator()
};

std::pair<data::AnyDataset, data::AnyDataset> split_dataset(const data::AnyDataset& dataset,
                                                            const SplitDatasetOptions& options);

/// The first elements of a dataset and the last ones (keras.utils.split_dataset):
/// `auto [train, validation] = utils::split_dataset(dataset, {.left_size = 0.8});`. Loops over the dataset once and
/// keeps its elements in memory. Throws a ValueError for sizes that are not between 0 and 1 or a number below that of
/// the elements, that exceed the elements together or leave a part empty, and for a dataset without end.
template <std::size_t N>
std::pair<data::Dataset<N>, data::Dataset<N>> split_dataset(const data::Dataset<N>& dataset,
                                                            const SplitDatasetOptions& options) {
  auto [left, right] = split_dataset(static_cast<const data::AnyDataset&>(dataset), options);
  return {data::Dataset<N>(std::move(left)), data::Dataset<N>(std::move(right))};
}

}  // namespace xtape::utils
