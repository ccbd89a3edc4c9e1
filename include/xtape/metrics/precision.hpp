#pragma once

#include "xtape/metrics/threshold_metric.hpp"

namespace xtape::metrics {

/// Keyword arguments of Precision.
struct PrecisionOptions {
  std::vector<double> thresholds = {};        ///< in [0, 1]; 0.5 where none is given, and none at all with top_k
  std::optional<std::int64_t> top_k = {};     ///< only the k largest predictions along the last axis are positive
  std::optional<std::int64_t> class_id = {};  ///< only this class, an index of the last axis, counts
  std::string name = "precision";

  XTAPE_FIELDS(thresholds, top_k, class_id, name)
};

/// The share of the positive predictions that are right: true positives / (true positives + false positives), 0 where
/// there are none.
class Precision : public ThresholdValueMetric {
 public:
  explicit Precision(const PrecisionOptions& options = {});

 protected:
  double value(const Counts& counts) const override;
};

}  // namespace xtape::metrics
