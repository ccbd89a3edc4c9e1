#include "xtape/data/timeseries.hpp"

#include <algorithm>
#include <vector>

#include "base/check.hpp"
#include "data/take_rows.hpp"

namespace xtape::utils {
namespace {

using detail::fail;

constexpr const char* op = "timeseries_dataset_from_array";

void check(const Tensor& data, std::int64_t sequence_length, const TimeseriesOptions& options) {
  if (!data.defined() || data.rank() == 0)
    fail<ValueError>(op, "expected an array with an axis of time, received a scalar");
  const std::int64_t n = data.shape(0);
  if (sequence_length < 1)
    fail<ValueError>(op, "`sequence_length` must be higher than 0. Received: {}", sequence_length);
  if (options.start_index < 0) {
    fail<ValueError>(op, "`start_index` must be 0 or greater. Received: start_index={}", options.start_index);
  }
  if (options.start_index > 0 && options.start_index >= n) {
    fail<ValueError>(op,
                     "`start_index` must be lower than the length of the data. Received: start_index={}, for data "
                     "of length {}",
                     options.start_index, n);
  }
  if (options.end_index) {
    const std::int64_t end = *options.end_index;
    if (end <= options.start_index) {
      fail<ValueError>(op, "`end_index` must be higher than `start_index`. Received: start_index={}, and end_index={}",
                       options.start_index, end);
    }
    if (end > n) {
      fail<ValueError>(op,
                       "`end_index` must be at most the length of the data. Received: end_index={}, for data of "
                       "length {}",
                       end, n);
    }
  }
  for (const auto& [name, step] :
       {std::pair("sampling_rate", options.sampling_rate), std::pair("sequence_stride", options.sequence_stride)}) {
    if (step <= 0) fail<ValueError>(op, "`{}` must be higher than 0. Received: {}={}", name, name, step);
    if (step >= n) {
      fail<ValueError>(op, "`{}` must be lower than the length of the data. Received: {}={}, for data of length {}",
                       name, name, step, n);
    }
  }
}

/// Rows first, first + step, ... of an array.
Tensor window(const Tensor& data, std::int64_t first, std::int64_t length, std::int64_t step) {
  if (step == 1) {
    Shape shape = data.shape();
    shape[0] = length;
    return detail::make_view(data, shape, first * (data.size() / data.shape(0)));
  }
  std::vector<std::int64_t> rows(static_cast<std::size_t>(length));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = first + static_cast<std::int64_t>(i) * step;
  return data::take(data, rows.data(), length);
}

data::AnyDataset windows(const Tensor& data, const Tensor& targets, std::int64_t length,
                         const TimeseriesOptions& options) {
  check(data, length, options);
  const std::int64_t first = options.start_index, stride = options.sequence_stride, rate = options.sampling_rate;
  const std::int64_t used = (options.end_index ? *options.end_index : data.shape(0)) - first;
  // How many places a window can begin at; without overflow for a length beyond all data.
  std::int64_t starts = (length - 1) > (used - 1) / rate ? 0 : used - (length - 1) * rate;
  if (targets.defined()) {
    if (targets.rank() == 0) fail<ValueError>(op, "expected targets with an axis of time, received a scalar");
    starts = std::clamp<std::int64_t>(targets.shape(0) - first, 0, starts);
  }
  const std::int64_t count = (starts + stride - 1) / stride;
  auto dataset = detail::dataset_of(count, targets.defined() ? 2 : 1, [=](std::int64_t i) {
    const std::int64_t at = first + i * stride;
    Tensors element;
    element.push_back(window(data, at, length, rate));
    if (targets.defined()) element.push_back(data::row(targets, at));
    return element;
  });
  if (options.shuffle && count > 0) dataset = dataset.shuffle(count, {.seed = options.seed});
  return options.batch_size ? dataset.batch(*options.batch_size) : dataset;
}

}  // namespace

data::Dataset<2> timeseries_dataset_from_array(const Tensor& data, const Tensor& targets, std::int64_t sequence_length,
                                               const TimeseriesOptions& options) {
  if (!targets.defined()) fail<ValueError>(op, "expected targets, received an empty tensor");
  return data::Dataset<2>(windows(data, targets, sequence_length, options));
}
data::Dataset<1> timeseries_dataset_from_array(const Tensor& data, std::int64_t sequence_length,
                                               const TimeseriesOptions& options) {
  return data::Dataset<1>(windows(data, Tensor(), sequence_length, options));
}

}  // namespace xtape::utils
