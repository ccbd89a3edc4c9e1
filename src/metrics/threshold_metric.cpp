#include "xtape/metrics/threshold_metric.hpp"

#include <algorithm>
#include <numeric>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "losses/shapes.hpp"
#include "metrics/matches.hpp"
#include "metrics/metric_update.hpp"
#include "metrics/weighted_sum.hpp"
#include "xtape/core/creation.hpp"

namespace xtape::metrics {
namespace {

/// Marks the k largest elements of a row, the first ones of equals.
template <class T>
void mark_top_k(const T* row, std::int64_t k, detail::PoolVector<std::int64_t>& order,
                detail::PoolVector<std::uint8_t>& marked) {
  std::iota(order.begin(), order.end(), 0);
  std::nth_element(order.begin(), order.begin() + k, order.end(), [row](std::int64_t a, std::int64_t b) {
    const bool a_nan = row[a] != row[a], b_nan = row[b] != row[b];  // NaN comes first, as in top_k
    if (a_nan || b_nan) return a_nan && (!b_nan || a < b);
    return row[a] > row[b] || (row[a] == row[b] && a < b);
  });
  std::fill(marked.begin(), marked.end(), std::uint8_t{0});
  for (std::int64_t i = 0; i < k; ++i) marked[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])] = 1;
}

}  // namespace

ThresholdMetric::ThresholdMetric(std::string name, Settings settings)
    : PredictionMetric(std::move(name)), thresholds_(settings.thresholds), settings_(std::move(settings)) {
  places_.resize(thresholds_.size());
  std::iota(places_.begin(), places_.end(), std::size_t{0});
  std::sort(places_.begin(), places_.end(),
            [this](std::size_t a, std::size_t b) { return thresholds_[a] < thresholds_[b]; });
  for (const std::size_t place : places_) sorted_.push_back(thresholds_[place]);
  sorted_float32_.assign(sorted_.begin(), sorted_.end());
  if (settings_.top_k && *settings_.top_k < 1) {
    detail::fail<ValueError>(this->name().c_str(), "expected top_k >= 1, received {}", *settings_.top_k);
  }
  reset_state();
}

void ThresholdMetric::check(const Shape& shape) const {
  const char* op = name().c_str();
  const std::int64_t n = shape.rank() == 0 ? 1 : shape.back();
  if (settings_.top_k && *settings_.top_k > n) {
    detail::fail<ValueError>(op, "expected at least top_k = {} predictions along the last axis, received shape {}",
                             *settings_.top_k, shape);
  }
  if (settings_.class_id) {
    if (shape.rank() < 2) {
      detail::fail<ValueError>(op, "with class_id, y_pred must be of shape (num_samples, num_classes), received {}",
                               shape);
    }
    if (*settings_.class_id < 0 || *settings_.class_id >= n) {
      detail::fail<ValueError>(op, "class_id {} is outside [0, {})", *settings_.class_id, n);
    }
  }
  if (settings_.per_label && shape.rank() != 2) {
    detail::fail<ValueError>(op, "`y_pred` must have rank 2 when `multi_label = true`, received shape {}", shape);
  }
  if (settings_.per_label && labels_ != 0 && labels_ != n) {
    detail::fail<ValueError>(op, "expected {} labels along the last axis, received shape {}", labels_, shape);
  }
  const auto factors = static_cast<std::int64_t>(settings_.label_weights.size());
  if (factors != 0 && factors != n) {
    detail::fail<ValueError>(
        op, "expected one of the {} label_weights for each place of the last axis, received shape {}", factors, shape);
  }
}

void ThresholdMetric::update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& given_weight) {
  const detail::MetricUpdate update(*this, y_true, y_pred, given_weight);
  if (update.done) return;
  Shape label_shape = y_true.shape(), shape = y_pred.shape();
  detail::make_same_rank(label_shape, shape);
  if (label_shape != shape) {
    detail::fail<ValueError>(name().c_str(), "y_true and y_pred must have the same shape: {} and {}", y_true.shape(),
                             y_pred.shape());
  }
  check(shape);
  const Tensor labels = detail::convert(y_true, boolean);
  Tensor weights;
  if (update.sample_weight.defined()) weights = detail::weights_for(name().c_str(), update.sample_weight, shape);
  const std::int64_t n = shape.rank() == 0 ? 1 : shape.back(), rows = n == 0 ? 0 : y_pred.size() / n;
  if (labels_ == 0) set_labels(settings_.per_label ? n : 1);
  const bool* positive = detail::host_read("Metric", labels).data<bool>();
  const double* weight = weights.defined() ? detail::host_read("Metric", weights).data<double>() : nullptr;
  detail::visit_floating(y_pred, [&](const auto* p) {
    if constexpr (std::is_same_v<decltype(p), const float*>) {
      add(p, positive, weight, rows, n, sorted_float32_);
    } else {
      add(p, positive, weight, rows, n, sorted_);
    }
  });
}

// Counts in buckets between sorted thresholds: one search for each prediction, whatever the number of thresholds.
// counts() then makes the four counts of each threshold of the sums of the buckets below and above it.
template <class T>
void ThresholdMetric::add(const T* predictions, const bool* positive, const double* weights, std::int64_t rows,
                          std::int64_t n, const std::vector<T>& sorted) {
  detail::PoolVector<std::int64_t> order;
  detail::PoolVector<std::uint8_t> marked;
  if (settings_.top_k) {
    order.resize(static_cast<std::size_t>(n));
    marked.resize(static_cast<std::size_t>(n));
  }
  const std::int64_t begin = settings_.class_id.value_or(0), end = settings_.class_id ? begin + 1 : n;
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* row = predictions + r * n;
    if (settings_.top_k) mark_top_k(row, *settings_.top_k, order, marked);
    for (std::int64_t i = begin; i < end; ++i) {
      const T p = settings_.clip ? std::min(std::max(row[i], T(0)), T(1)) : row[i];
      // The number of thresholds below the prediction, its bucket; a NaN is above none.
      std::int64_t above = 0;
      if (!settings_.top_k || marked[static_cast<std::size_t>(i)] != 0) {
        above = std::lower_bound(sorted.begin(), sorted.end(), p, [](T t, T v) { return t < v; }) - sorted.begin();
      }
      double weight = weights != nullptr ? weights[r * n + i] : 1;
      if (!settings_.label_weights.empty() && !settings_.per_label) {
        weight *= settings_.label_weights[static_cast<std::size_t>(i)];
      }
      const std::int64_t label = settings_.per_label ? i : 0;
      const auto place = static_cast<std::size_t>(label) * (sorted.size() + 1) + static_cast<std::size_t>(above);
      (positive[r * n + i] ? positives_ : negatives_)[place] += weight;
    }
  }
}

void ThresholdMetric::set_labels(std::int64_t labels) {
  labels_ = labels;
  reset_state();
}

void ThresholdMetric::reset_state() {
  use_state("reset_state");
  const std::size_t size = static_cast<std::size_t>(labels_) * (sorted_.size() + 1);
  positives_.assign(size, 0);
  negatives_.assign(size, 0);
}

std::vector<ThresholdMetric::Counts> ThresholdMetric::counts(std::int64_t label) const {
  std::vector<Counts> counts(sorted_.size());
  if (label >= labels_) return counts;
  const auto first = static_cast<std::size_t>(label) * (sorted_.size() + 1);
  const double *positives = positives_.data() + first, *negatives = negatives_.data() + first;
  Counts below;
  for (std::size_t j = 0; j < sorted_.size(); ++j) {
    below.false_negatives += positives[j];
    below.true_negatives += negatives[j];
    counts[places_[j]] = below;
  }
  Counts above;
  for (std::size_t j = sorted_.size(); j-- > 0;) {
    above.true_positives += positives[j + 1];
    above.false_positives += negatives[j + 1];
    counts[places_[j]].true_positives = above.true_positives;
    counts[places_[j]].false_positives = above.false_positives;
  }
  return counts;
}

Tensor ThresholdValueMetric::results() const {
  use_state("results");
  std::vector<double> values;
  for (const Counts& c : counts()) values.push_back(value(c));
  return constant(values);
}

double ThresholdValueMetric::result() const {
  use_state("result");
  double sum = 0;
  const auto all = counts();
  for (const Counts& c : all) sum += value(c);
  return sum / static_cast<double>(all.size());
}

std::vector<double> ThresholdMetric::state_numbers() const {
  std::vector<double> numbers = positives_;
  numbers.insert(numbers.end(), negatives_.begin(), negatives_.end());
  return numbers;
}

bool ThresholdMetric::set_state_numbers(std::span<const double> numbers) {
  const std::size_t per_label = 2 * (thresholds_.size() + 1), labels = numbers.size() / per_label;
  if (numbers.size() % per_label != 0 || (!settings_.per_label && labels != 1)) return false;
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  positives_.assign(numbers.begin(), middle);
  negatives_.assign(middle, numbers.end());
  labels_ = static_cast<std::int64_t>(labels);
  return true;
}

}  // namespace xtape::metrics
