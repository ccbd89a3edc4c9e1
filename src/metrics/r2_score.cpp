#include "xtape/metrics/r2_score.hpp"

#include <cmath>

#include "base/check.hpp"
#include "base/warn.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "losses/shapes.hpp"
#include "metrics/metric_update.hpp"
#include "metrics/weighted_sum.hpp"
#include "xtape/core/creation.hpp"

namespace xtape::metrics {

R2Score::R2Score(const R2ScoreOptions& options)
    : PredictionMetric(options),
      by_variance_(options.class_aggregation == "variance_weighted_average"),
      num_regressors_(options.num_regressors) {
  if (!by_variance_ && options.class_aggregation != "uniform_average" && options.class_aggregation != "none") {
    detail::fail<ValueError>(name().c_str(),
                             "unknown class_aggregation '{}', expected one of: none, uniform_average, "
                             "variance_weighted_average",
                             options.class_aggregation);
  }
  if (num_regressors_ < 0) {
    detail::fail<ValueError>(name().c_str(), "expected num_regressors >= 0, received {}", num_regressors_);
  }
}

void R2Score::update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& given_weight) {
  const detail::MetricUpdate update(*this, y_true, y_pred, given_weight);
  if (update.done) return;
  const char* op = name().c_str();
  Shape label_shape = y_true.shape(), shape = y_pred.shape();
  detail::make_same_rank(label_shape, shape);
  if (shape.rank() == 1 && label_shape == shape) label_shape = shape = {shape[0], 1};
  if (label_shape != shape || shape.rank() != 2) {
    detail::fail<ValueError>(op, "expected y_true and y_pred of one shape (batch_size, output_dim), received {} and {}",
                             y_true.shape(), y_pred.shape());
  }
  const std::int64_t rows = shape[0], n = shape[1];
  if (!sums_.empty() && static_cast<std::int64_t>(sums_.size()) != n) {
    detail::fail<ValueError>(op, "expected {} outputs as in the first update, received shape {}", sums_.size(), shape);
  }
  const Tensor labels = detail::convert(y_true, float64), predictions = detail::convert(y_pred, float64);
  Tensor weights;
  if (update.sample_weight.defined()) weights = detail::weights_for(op, update.sample_weight, shape);
  sums_.resize(static_cast<std::size_t>(n));
  const double *y = detail::host_read("Metric", labels).data<double>(),
               *p = detail::host_read("Metric", predictions).data<double>();
  const double* w = weights.defined() ? detail::host_read("Metric", weights).data<double>() : nullptr;
  for (std::int64_t r = 0; r < rows; ++r) {
    bool counts = false;
    for (std::int64_t i = 0; i < n; ++i, ++y, ++p) {
      const double weight = w != nullptr ? w[r * n + i] : 1;
      Sums& sums = sums_[static_cast<std::size_t>(i)];
      sums.add(*y, *p, weight);
      counts = counts || weight != 0;
    }
    samples_ += counts ? 1 : 0;
  }
}

void R2Score::reset_state() {
  use_state("reset_state");
  for (Sums& sums : sums_) sums = {};
  samples_ = 0;
}

// The labels' variation from the mean so far (West, 1979, the weighted form of Welford's sums): sum(y^2) - n mean^2 of
// large labels would cancel.
void R2Score::Sums::add(double label, double prediction, double weight) {
  if (weight == 0) return;
  weights += weight;
  const double before = label - mean;
  mean += before * (weight / weights);
  variation += weight * before * (label - mean);
  residuals += weight * (label - prediction) * (label - prediction);
}

// 1 - residuals / variation; 0 for labels that are all equal.
double R2Score::Sums::score() const {
  const double score = 1 - residuals / variation;
  return std::isinf(score) ? 0 : score;
}

double R2Score::adjusted(double score) const {
  if (num_regressors_ == 0) return score;
  if (num_regressors_ >= samples_ - 1) {
    static std::atomic<int> given{0};
    detail::warn_limited(
        given, 5, name().c_str(),
        "the adjusted score needs more than {} samples for {} regressors, received {}: the plain score "
        "is returned",
        num_regressors_ + 1, num_regressors_, samples_);
    return score;
  }
  const auto n = static_cast<double>(samples_), k = static_cast<double>(num_regressors_);
  return 1 - (1 - score) * (n - 1) / (n - k - 1);
}

Tensor R2Score::results() const {
  use_state("results");
  std::vector<double> scores;
  for (const Sums& sums : sums_) scores.push_back(adjusted(sums.score()));
  return constant(scores);
}

double R2Score::result() const {
  use_state("result");
  if (samples_ == 0) return 0;
  double total = 0, weights = 0;
  for (const Sums& sums : sums_) {
    const double weight = by_variance_ ? sums.variation : 1;
    total += weight * sums.score();
    weights += weight;
  }
  return adjusted(total / weights);
}

std::vector<double> R2Score::state_numbers() const {
  if (sums_.empty()) return {};
  std::vector<double> numbers{static_cast<double>(samples_)};
  for (const auto& s : sums_) numbers.insert(numbers.end(), {s.mean, s.variation, s.residuals, s.weights});
  return numbers;
}

bool R2Score::set_state_numbers(std::span<const double> numbers) {
  if (!numbers.empty() && numbers.size() % 4 != 1) return false;
  sums_.clear();
  samples_ = numbers.empty() ? 0 : static_cast<std::int64_t>(numbers[0]);
  for (std::size_t i = 1; i < numbers.size(); i += 4) {
    sums_.push_back({numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3]});
  }
  return true;
}

}  // namespace xtape::metrics
