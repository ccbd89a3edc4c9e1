#include "xtape/metrics/precision.hpp"

#include "metrics/positive_thresholds.hpp"
#include "metrics/ratio.hpp"

namespace xtape::metrics {

Precision::Precision(const PrecisionOptions& options)
    : ThresholdValueMetric(
          options.name,
          {.thresholds = detail::positive_thresholds(options), .top_k = options.top_k, .class_id = options.class_id}) {
  describe(options);
}

double Precision::value(const Counts& c) const {
  return detail::ratio(c.true_positives, c.true_positives + c.false_positives);
}

}  // namespace xtape::metrics
