#include "xtape/metrics/auc.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.hpp"
#include "metrics/metric_update.hpp"
#include "metrics/ratio.hpp"
#include "xtape/ops/nn.hpp"

// The area under a curve of two measures of the counts at each threshold: trapezoids (interpolation), or rectangles of
// the lower (minoring) or higher (majoring) end. Precision over recall is not linear between thresholds; there the
// interpolation is that of Davis and Goadrich (2006), the integral of which has a logarithm.
namespace xtape::metrics {
namespace {

using detail::ratio;

/// The thresholds with one below 0 and one above 1 around them, as Keras places them.
std::vector<double> thresholds_of(const AUCOptions& options) {
  constexpr double epsilon = 1e-7;
  std::vector<double> thresholds = {-epsilon};
  if (!options.thresholds.empty()) {
    detail::check_thresholds(options.name, options.thresholds);
    thresholds.insert(thresholds.end(), options.thresholds.begin(), options.thresholds.end());
    std::sort(thresholds.begin(), thresholds.end());
  } else {
    if (options.num_thresholds <= 1) {
      detail::fail<ValueError>(options.name.c_str(), "expected num_thresholds > 1, received {}",
                               options.num_thresholds);
    }
    const auto even = detail::even_thresholds(options.num_thresholds);
    thresholds.insert(thresholds.end(), even.begin() + 1, even.end() - 1);
  }
  thresholds.push_back(1 + epsilon);
  return thresholds;
}

/// The place of a name in a list; throws a ValueError where it is not.
int choice(const AUCOptions& options, const char* argument, const std::string& received,
           const std::vector<std::string>& known) {
  const auto found = std::find(known.begin(), known.end(), received);
  if (found == known.end()) {
    detail::fail<ValueError>(options.name.c_str(), "unknown {} '{}', expected one of: {}", argument, received,
                             fmt::join(known, ", "));
  }
  return static_cast<int>(found - known.begin());
}

}  // namespace

AUC::AUC(const AUCOptions& options)
    : ThresholdMetric(options.name, {.thresholds = thresholds_of(options),
                                     .clip = true,
                                     .per_label = options.multi_label,
                                     .label_weights = options.label_weights}),
      curve_(static_cast<Curve>(
          choice(options, "curve", options.curve, {"ROC", "PR", "PRGAIN", "roc", "pr", "prgain"}) % 3)),
      summation_(static_cast<Summation>(
          choice(options, "summation_method", options.summation_method, {"interpolation", "minoring", "majoring"}))),
      from_logits_(options.from_logits),
      label_weights_(options.label_weights) {
  describe(options);
  if (options.num_labels && !options.multi_label) {
    detail::fail<ValueError>(options.name.c_str(), "num_labels is needed only when multi_label is true");
  }
  if (options.num_labels) set_labels(*options.num_labels);
}

void AUC::update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& given_weight) {
  const detail::MetricUpdate update(*this, y_true, y_pred, given_weight);
  if (update.done) return;
  if (!from_logits_) return ThresholdMetric::update_state(y_true, y_pred, update.sample_weight);
  ThresholdMetric::update_state(y_true, nn::sigmoid(y_pred), update.sample_weight);
}

double AUC::result() const {
  use_state("result");
  double sum = 0, weights = 0;
  for (std::int64_t label = 0; label < labels(); ++label) {
    const bool weighted = labels() > 1 && !label_weights_.empty();
    const double weight = weighted ? label_weights_[static_cast<std::size_t>(label)] : 1;
    sum += weight * area(counts(label));
    weights += weight;
  }
  return ratio(sum, weights);
}

double AUC::area(const std::vector<Counts>& counts) const {
  double area = 0;
  if (curve_ == Curve::pr && summation_ == Summation::interpolation) {
    // As Keras's interpolate_pr_auc: tp is linear in the number of positives, precision = slope + intercept / p.
    for (std::size_t i = 0; i + 1 < counts.size(); ++i) {
      const Counts &a = counts[i], &b = counts[i + 1];
      const double pa = a.true_positives + a.false_positives, pb = b.true_positives + b.false_positives;
      const double dtp = a.true_positives - b.true_positives, slope = ratio(dtp, std::max(pa - pb, 0.0));
      const double intercept = b.true_positives - slope * pb, between = pa > 0 && pb > 0 ? pa / pb : 1;
      area += ratio(slope * (dtp + intercept * std::log(between)), std::max(b.true_positives + b.false_negatives, 0.0));
    }
    return area;
  }
  const auto point = [this](const Counts& c) {
    const double tp = c.true_positives, fp = c.false_positives, positives = tp + c.false_negatives,
                 negatives = fp + c.true_negatives, recall = ratio(tp, positives);
    if (curve_ == Curve::roc) return std::pair(ratio(fp, negatives), recall);
    if (curve_ == Curve::pr) return std::pair(recall, ratio(tp, tp + fp));
    // Precision-recall-gain (Flach, Kull, 2015): both in units of the gain over a classifier that is always positive.
    if (tp == 0) return std::pair(0.0, 1.0);
    const double scale = ratio(positives, negatives);
    return std::pair(std::max(0.0, 1 - scale * c.false_negatives / tp), 1 - scale * fp / tp);
  };
  for (std::size_t i = 0; i + 1 < counts.size(); ++i) {
    const auto a = point(counts[i]), b = point(counts[i + 1]);
    const double height = summation_ == Summation::interpolation ? (a.second + b.second) / 2
                          : summation_ == Summation::minoring    ? std::min(a.second, b.second)
                                                                 : std::max(a.second, b.second);
    area += (a.first - b.first) * height;
  }
  return area;
}

}  // namespace xtape::metrics
