#include "xtape/metrics/f_score.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "metrics/matches.hpp"
#include "metrics/metric_update.hpp"
#include "metrics/weighted_sum.hpp"
#include "xtape/core/creation.hpp"

namespace xtape::metrics {

FBetaScore::FBetaScore(const FBetaScoreOptions& options)
    : PredictionMetric(options), beta_(options.beta), threshold_(options.threshold) {
  const char* op = name().c_str();
  const std::vector<std::string> averages = {"none", "micro", "macro", "weighted"};
  const auto found = std::find(averages.begin(), averages.end(), options.average);
  if (found == averages.end()) {
    detail::fail<ValueError>(op, "unknown average '{}', expected one of: {}", options.average,
                             fmt::join(averages, ", "));
  }
  average_ = static_cast<Average>(found - averages.begin());
  if (!(beta_ > 0)) detail::fail<ValueError>(op, "expected beta > 0, received {}", beta_);
  if (threshold_ && !(*threshold_ > 0 && *threshold_ <= 1)) {
    detail::fail<ValueError>(op, "expected 0 < threshold <= 1, received {}", *threshold_);
  }
}

void FBetaScore::update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& given_weight) {
  const detail::MetricUpdate update(*this, y_true, y_pred, given_weight);
  if (update.done) return;
  const char* op = name().c_str();
  const Shape& shape = y_pred.shape();
  if (shape.rank() != 2 || y_true.shape() != shape) {
    detail::fail<ValueError>(op, "expected y_true and y_pred of one shape (batch_size, output_dim), received {} and {}",
                             y_true.shape(), shape);
  }
  const std::int64_t rows = shape[0], n = shape[1];
  if (!counts_.empty() && static_cast<std::int64_t>(counts_.size()) != n) {
    detail::fail<ValueError>(op, "expected {} classes as in the first update, received shape {}", counts_.size(),
                             shape);
  }
  const Tensor labels = detail::convert(y_true, float64);
  Tensor weights;
  if (update.sample_weight.defined()) weights = detail::weights_for(op, update.sample_weight, shape);
  counts_.resize(static_cast<std::size_t>(n));
  const double* y = detail::host_read("Metric", labels).data<double>();
  const double* w = weights.defined() ? detail::host_read("Metric", weights).data<double>() : nullptr;
  detail::visit_floating(y_pred, [&](const auto* p) {
    using T = std::decay_t<decltype(*p)>;
    for (std::int64_t r = 0; r < rows; ++r) {
      const T* row = p + r * n;
      // All of equal largest ones are 1, but zeros are not.
      const T largest = threshold_ || n == 0 ? T(0) : *std::max_element(row, row + n);
      for (std::int64_t i = 0; i < n; ++i) {
        const bool positive = threshold_ ? row[i] > static_cast<T>(*threshold_)
                                         : row[i] >= largest && std::abs(row[i]) > static_cast<T>(1e-9);
        const double weight = w != nullptr ? w[r * n + i] : 1, label = y[r * n + i];
        Counts& counts = counts_[static_cast<std::size_t>(i)];
        (positive ? counts.true_positives : counts.false_negatives) += weight * label;
        if (positive) counts.false_positives += weight * (1 - label);
        counts.labels += weight * label;
      }
    }
  });
}

void FBetaScore::reset_state() {
  use_state("reset_state");
  for (Counts& counts : counts_) counts = {};
}

// (1 + beta^2) precision recall / (beta^2 precision + recall), with Keras's epsilon in each denominator.
double FBetaScore::score(const Counts& c) const {
  constexpr double epsilon = 1e-7;
  const double precision = c.true_positives / (c.true_positives + c.false_positives + epsilon);
  const double recall = c.true_positives / (c.true_positives + c.false_negatives + epsilon);
  const double square = beta_ * beta_;
  return (1 + square) * (precision * recall / (square * precision + recall + epsilon));
}

Tensor FBetaScore::results() const {
  use_state("results");
  std::vector<double> scores;
  for (const Counts& counts : counts_) scores.push_back(score(counts));
  return constant(scores);
}

double FBetaScore::result() const {
  use_state("result");
  if (counts_.empty()) return 0;
  Counts all;
  double mean = 0, weighted = 0;
  for (const Counts& c : counts_) {
    all.true_positives += c.true_positives;
    all.false_positives += c.false_positives;
    all.false_negatives += c.false_negatives;
    all.labels += c.labels;
    mean += score(c) / static_cast<double>(counts_.size());
    weighted += score(c) * c.labels;
  }
  if (average_ == Average::micro) return score(all);
  return average_ == Average::weighted ? weighted / (all.labels + 1e-7) : mean;
}

F1Score::F1Score(const F1ScoreOptions& options)
    : FBetaScore({.average = options.average, .beta = 1, .threshold = options.threshold, .name = options.name}) {
  describe(options);
}

std::vector<double> FBetaScore::state_numbers() const {
  std::vector<double> numbers;
  for (const auto& c : counts_) {
    numbers.insert(numbers.end(), {c.true_positives, c.false_positives, c.false_negatives, c.labels});
  }
  return numbers;
}

bool FBetaScore::set_state_numbers(std::span<const double> numbers) {
  if (numbers.size() % 4 != 0) return false;
  counts_.clear();
  for (std::size_t i = 0; i < numbers.size(); i += 4) {
    counts_.push_back({numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3]});
  }
  return true;
}

}  // namespace xtape::metrics
