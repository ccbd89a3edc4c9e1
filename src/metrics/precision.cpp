#include "xtape/metrics/precision.hpp"

#include "metrics/ratio.hpp"

namespace xtape::metrics {
namespace {

/// 0.5 unless thresholds are given; with top_k a threshold below everything: the k largest are positive.
template <class Options>
std::vector<double> thresholds_of(const Options& options) {
  detail::check_thresholds(options.name, options.thresholds);
  if (!options.thresholds.empty()) return options.thresholds;
  return {options.top_k ? -1e10 : 0.5};
}

}  // namespace

Precision::Precision(const PrecisionOptions& options)
    : ThresholdValueMetric(
          options.name, {.thresholds = thresholds_of(options), .top_k = options.top_k, .class_id = options.class_id}) {}

double Precision::value(const Counts& c) const {
  return detail::ratio(c.true_positives, c.true_positives + c.false_positives);
}

Recall::Recall(const RecallOptions& options)
    : ThresholdValueMetric(
          options.name, {.thresholds = thresholds_of(options), .top_k = options.top_k, .class_id = options.class_id}) {}

double Recall::value(const Counts& c) const {
  return detail::ratio(c.true_positives, c.true_positives + c.false_negatives);
}

}  // namespace xtape::metrics
