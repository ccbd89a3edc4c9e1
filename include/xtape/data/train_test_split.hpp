#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "xtape/core/tensor.hpp"
#include "xtape/data/load_data.hpp"
#include "xtape/data/tensor_dataset.hpp"

namespace xtape::data {

/// Keyword arguments of train_test_split().
struct SplitOptions {
  /// Below 1 a fraction of the rows, rounded up; otherwise a number of rows. By default what train_size leaves, or
  /// 0.25.
  std::optional<double> test_size = {};
  /// The same, rounded down; by default what test_size leaves.
  std::optional<double> train_size = {};
  std::optional<std::uint64_t> random_state = {};  ///< the seed, by default of random::default_generator()
  bool shuffle = true;  ///< false: the first rows are for training, the following for testing
  /// A class number for each row: both parts get the classes in the same proportions as the whole.
  Tensor stratify = {};
};

/// Splits the rows of tensors at random into rows for training and rows for testing
/// (sklearn.model_selection.train_test_split):
///
///     auto [x_train, x_test, y_train, y_test] = data::train_test_split(x, y, {.test_size = 0.2, .random_state = 1});
///
/// Throws a ValueError for different numbers of rows, sizes that leave a part empty or exceed the rows, and, with
/// `stratify`, for a class of one row only and parts of fewer rows than classes.
std::array<Tensor, 2> train_test_split(const Tensor& x, const SplitOptions& options = {});
std::array<Tensor, 4> train_test_split(const Tensor& x, const Tensor& y, const SplitOptions& options = {});
std::array<Tensor, 6> train_test_split(const Tensor& x, const Tensor& y, const Tensor& sample_weight,
                                       const SplitOptions& options = {});
/// `auto [train, test] = train_test_split(dataset);`
datasets::TrainTest train_test_split(const TensorDataset& dataset, const SplitOptions& options = {});

}  // namespace xtape::data
