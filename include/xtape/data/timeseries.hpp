#pragma once

#include <cstdint>
#include <optional>

#include "xtape/data/dataset.hpp"

namespace xtape::utils {

/// Keyword arguments of timeseries_dataset_from_array().
struct TimeseriesOptions {
  std::int64_t sequence_stride = 1;              ///< steps between the beginnings of two windows
  std::int64_t sampling_rate = 1;                ///< steps of the data between two steps of a window
  std::optional<std::int64_t> batch_size = 128;  ///< none: the windows one by one
  bool shuffle = false;                          ///< in a new order in each loop
  std::optional<std::uint64_t> seed = {};        ///< of the order
  std::int64_t start_index = 0;                  ///< the first step that is used
  std::optional<std::int64_t> end_index = {};    ///< the step before which the last window ends; none: the end
};

/// Windows of `sequence_length` steps of an array whose first axis is time, with the target at the window's first step
/// (keras.utils.timeseries_dataset_from_array): window i holds data[p], data[p + sampling_rate], ... and has
/// targets[p], p = start_index + i sequence_stride. To predict the step after windows of n steps, pass data[:-n] and
/// data[n:]. Throws a ValueError for what lies outside the array and for steps below 1.
data::Dataset<2> timeseries_dataset_from_array(const Tensor& data, const Tensor& targets, std::int64_t sequence_length,
                                               const TimeseriesOptions& options = {});
/// Without targets.
data::Dataset<1> timeseries_dataset_from_array(const Tensor& data, std::int64_t sequence_length,
                                               const TimeseriesOptions& options = {});

}  // namespace xtape::utils
