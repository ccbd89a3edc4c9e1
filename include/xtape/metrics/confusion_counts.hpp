#pragma once

#include "xtape/metrics/threshold_metric.hpp"

// Family: the sums of the weights of right and wrong predictions, for one or several thresholds.
namespace xtape::metrics {

/// Keyword arguments of TruePositives.
struct TruePositivesOptions {
  std::vector<double> thresholds = {0.5};  ///< in [0, 1]
  std::string name = "true_positives";

  XTAPE_FIELDS(thresholds, name)
};

/// The positive labels whose prediction is above the threshold.
class TruePositives : public ThresholdValueMetric {
 public:
  explicit TruePositives(const TruePositivesOptions& options = {});

 protected:
  double value(const Counts& counts) const override { return counts.true_positives; }
};

/// Keyword arguments of FalsePositives.
struct FalsePositivesOptions {
  std::vector<double> thresholds = {0.5};  ///< in [0, 1]
  std::string name = "false_positives";

  XTAPE_FIELDS(thresholds, name)
};

/// The negative labels whose prediction is above the threshold.
class FalsePositives : public ThresholdValueMetric {
 public:
  explicit FalsePositives(const FalsePositivesOptions& options = {});

 protected:
  double value(const Counts& counts) const override { return counts.false_positives; }
};

/// Keyword arguments of TrueNegatives.
struct TrueNegativesOptions {
  std::vector<double> thresholds = {0.5};  ///< in [0, 1]
  std::string name = "true_negatives";

  XTAPE_FIELDS(thresholds, name)
};

/// The negative labels whose prediction is not above the threshold.
class TrueNegatives : public ThresholdValueMetric {
 public:
  explicit TrueNegatives(const TrueNegativesOptions& options = {});

 protected:
  double value(const Counts& counts) const override { return counts.true_negatives; }
};

/// Keyword arguments of FalseNegatives.
struct FalseNegativesOptions {
  std::vector<double> thresholds = {0.5};  ///< in [0, 1]
  std::string name = "false_negatives";

  XTAPE_FIELDS(thresholds, name)
};

/// The positive labels whose prediction is not above the threshold.
class FalseNegatives : public ThresholdValueMetric {
 public:
  explicit FalseNegatives(const FalseNegativesOptions& options = {});

 protected:
  double value(const Counts& counts) const override { return counts.false_negatives; }
};

}  // namespace xtape::metrics
