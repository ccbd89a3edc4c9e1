#pragma once

#include "xtape/metrics/threshold_metric.hpp"

// Family: the best value of one measure over the thresholds at which another measure is at least a given value; 0 where
// there is no such threshold. Sensitivity, or recall, is the share of the positive labels that are found, specificity
// the share of the negative labels that are found, precision the share of the positive predictions that are right.
namespace xtape::metrics {

/// Keyword arguments of the metrics below, after the value.
struct AtValueOptions {
  std::int64_t num_thresholds = 200;          ///< evenly spaced in [0, 1]; 0.5 where it is 1
  std::optional<std::int64_t> class_id = {};  ///< only this class, an index of the last axis, counts
  std::string name = {};                      ///< the class's, in snake case, unless given

  XTAPE_FIELDS(num_thresholds, class_id, name)
};

/// The base of the metrics below. Throws a ValueError for a value outside [0, 1] and num_thresholds < 1.
class SensitivitySpecificityBase : public ThresholdMetric {
 public:
  double result() const override;

 protected:
  SensitivitySpecificityBase(const char* name, const char* argument, double value, const AtValueOptions& options);
  /// The measure that must reach the value, and the measure whose best value is the result.
  virtual double constrained(const Counts& counts) const = 0;
  virtual double wanted(const Counts& counts) const = 0;

 private:
  double value_;
};

/// The best sensitivity where the specificity is at least the given one.
class SensitivityAtSpecificity : public SensitivitySpecificityBase {
 public:
  explicit SensitivityAtSpecificity(double specificity, const AtValueOptions& options = {});

 protected:
  double constrained(const Counts& counts) const override;
  double wanted(const Counts& counts) const override;
};

/// The best specificity where the sensitivity is at least the given one.
class SpecificityAtSensitivity : public SensitivitySpecificityBase {
 public:
  explicit SpecificityAtSensitivity(double sensitivity, const AtValueOptions& options = {});

 protected:
  double constrained(const Counts& counts) const override;
  double wanted(const Counts& counts) const override;
};

/// The best precision where the recall is at least the given one.
class PrecisionAtRecall : public SensitivitySpecificityBase {
 public:
  explicit PrecisionAtRecall(double recall, const AtValueOptions& options = {});

 protected:
  double constrained(const Counts& counts) const override;
  double wanted(const Counts& counts) const override;
};

/// The best recall where the precision is at least the given one.
class RecallAtPrecision : public SensitivitySpecificityBase {
 public:
  explicit RecallAtPrecision(double precision, const AtValueOptions& options = {});

 protected:
  double constrained(const Counts& counts) const override;
  double wanted(const Counts& counts) const override;
};

}  // namespace xtape::metrics
