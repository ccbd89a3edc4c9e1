#include "xtape/metrics/recall.hpp"

#include "metrics/positive_thresholds.hpp"
#include "metrics/ratio.hpp"

namespace xtape::metrics {

Recall::Recall(const RecallOptions& options)
    : ThresholdValueMetric(
          options.name,
          {.thresholds = detail::positive_thresholds(options), .top_k = options.top_k, .class_id = options.class_id}) {
  describe(options);
}

double Recall::value(const Counts& c) const {
  return detail::ratio(c.true_positives, c.true_positives + c.false_negatives);
}

}  // namespace xtape::metrics
