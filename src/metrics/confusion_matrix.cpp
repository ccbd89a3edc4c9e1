#include "xtape/metrics/confusion_matrix.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "losses/shapes.hpp"
#include "metrics/metric_update.hpp"
#include "metrics/weighted_sum.hpp"
#include "ops/whole_numbers.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::metrics {

Tensor confusion_matrix(const Tensor& labels, const Tensor& predictions, const ConfusionMatrixArguments& options) {
  const detail::NoRecording unseen;
  const char* op = "confusion_matrix";
  Shape label_shape = labels.shape(), shape = predictions.shape();
  detail::make_same_rank(label_shape, shape);
  if (label_shape != shape) {
    detail::fail<ValueError>(op, "labels and predictions must have the same shape: {} and {}", labels.shape(),
                             predictions.shape());
  }
  const Tensor wide_labels = detail::whole_numbers(op, "label", labels);
  const Tensor wide_predictions = detail::whole_numbers(op, "prediction", predictions);
  const auto y = wide_labels.data<std::int64_t>(), p = wide_predictions.data<std::int64_t>();
  std::int64_t n = options.num_classes.value_or(0);
  if (!options.num_classes) {
    std::int64_t largest = -1;
    for (std::size_t i = 0; i < y.size(); ++i) largest = std::max({largest, y[i], p[i]});
    detail::checked_product(op, largest, largest);
    n = largest + 1;
  }
  if (n < 0) detail::fail<ValueError>(op, "expected num_classes >= 0, received {}", n);
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (y[i] < 0 || y[i] >= n) detail::fail<IndexError>(op, "label {} at position {} is outside [0, {})", y[i], i, n);
    if (p[i] < 0 || p[i] >= n) {
      detail::fail<IndexError>(op, "prediction {} at position {} is outside [0, {})", p[i], i, n);
    }
  }
  Tensor weights;
  if (options.weights.defined()) weights = detail::weights_for(op, options.weights, shape);
  std::vector<double> counts(static_cast<std::size_t>(detail::checked_product(op, n, n)));
  for (std::size_t i = 0; i < y.size(); ++i) {
    counts[static_cast<std::size_t>(y[i] * n + p[i])] +=
        weights.defined() ? detail::host_read("Metric", weights).data<double>()[i] : 1;
  }
  return detail::convert(constant(counts, {n, n}), options.dtype);
}

ConfusionMatrix::ConfusionMatrix(const ConfusionMatrixOptions& options)
    : PredictionMetric(options),
      num_classes_(options.num_classes),
      ignore_class_(options.ignore_class),
      sparse_y_true_(options.sparse_y_true),
      sparse_y_pred_(options.sparse_y_pred) {
  if (num_classes_ < 1)
    detail::fail<ValueError>(name().c_str(), "expected num_classes >= 1, received {}", num_classes_);
  counts_.resize(static_cast<std::size_t>(detail::checked_product(name().c_str(), num_classes_, num_classes_)));
}

void ConfusionMatrix::update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& given_weight) {
  const detail::MetricUpdate update(*this, y_true, y_pred, given_weight);
  if (update.done) return;
  const auto classes = [this](const Tensor& t, bool sparse) {
    return sparse ? detail::whole_numbers(name().c_str(), "class", t) : argmax(t, -1);
  };
  const Tensor labels = classes(y_true, sparse_y_true_), predictions = classes(y_pred, sparse_y_pred_);
  Shape label_shape = labels.shape(), shape = predictions.shape();
  detail::make_same_rank(label_shape, shape);
  if (label_shape != shape) {
    detail::fail<ValueError>(name().c_str(), "y_true and y_pred must name as many classes: {} and {}", y_true.shape(),
                             y_pred.shape());
  }
  Tensor weights;
  if (update.sample_weight.defined()) weights = detail::weights_for(name().c_str(), update.sample_weight, shape);
  const auto y = labels.data<std::int64_t>(), p = predictions.data<std::int64_t>();
  for (std::size_t i = 0; i < y.size(); ++i) {
    const bool known = y[i] >= 0 && y[i] < num_classes_ && p[i] >= 0 && p[i] < num_classes_;
    if (!known || (ignore_class_ && y[i] == *ignore_class_)) continue;
    counts_[static_cast<std::size_t>(y[i] * num_classes_ + p[i])] +=
        weights.defined() ? detail::host_read("Metric", weights).data<double>()[i] : 1;
  }
}

void ConfusionMatrix::reset_state() {
  use_state("reset_state");
  std::fill(counts_.begin(), counts_.end(), 0);
}

Tensor ConfusionMatrix::matrix() const {
  use_state("matrix");
  return constant(counts_, {num_classes_, num_classes_});
}

double ConfusionMatrix::result() const {
  use_state("result");
  double right = 0, all = 0;
  for (const double c : counts_) all += c;
  for (std::int64_t i = 0; i < num_classes_; ++i) right += count(i, i);
  return all == 0 ? 0 : right / all;
}

std::vector<double> ConfusionMatrix::state_numbers() const { return counts_; }

bool ConfusionMatrix::set_state_numbers(std::span<const double> numbers) {
  if (numbers.size() != counts_.size()) return false;
  counts_.assign(numbers.begin(), numbers.end());
  return true;
}

}  // namespace xtape::metrics
