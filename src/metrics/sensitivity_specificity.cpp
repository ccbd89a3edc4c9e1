#include "xtape/metrics/sensitivity_specificity.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "metrics/ratio.hpp"

// The best value of one measure among the thresholds at which another one has at least a given value.
namespace xtape::metrics {
namespace {

std::string name_of(const char* name, const AtValueOptions& options) {
  return options.name.empty() ? name : options.name;
}

std::vector<double> thresholds_of(const std::string& name, std::int64_t n) {
  if (n < 1) detail::fail<ValueError>(name.c_str(), "expected num_thresholds >= 1, received {}", n);
  return n == 1 ? std::vector<double>{0.5} : detail::even_thresholds(n);
}

/// The measures; without a bearer they are 0.
template <class Counts>
double sensitivity(const Counts& c) {
  return detail::ratio(c.true_positives, c.true_positives + c.false_negatives);
}
template <class Counts>
double specificity(const Counts& c) {
  return detail::ratio(c.true_negatives, c.true_negatives + c.false_positives);
}
template <class Counts>
double precision_of(const Counts& c) {
  return detail::ratio(c.true_positives, c.true_positives + c.false_positives);
}

}  // namespace

SensitivitySpecificityBase::SensitivitySpecificityBase(const char* name, const char* argument, double value,
                                                       const AtValueOptions& options)
    : ThresholdMetric(
          name_of(name, options),
          {.thresholds = thresholds_of(name_of(name, options), options.num_thresholds), .class_id = options.class_id}),
      value_(value) {
  describe(options, {{argument, value}});
  if (!(value >= 0 && value <= 1)) {
    detail::fail<ValueError>(this->name().c_str(), "expected {} in [0, 1], received {}", argument, value);
  }
}

double SensitivitySpecificityBase::result() const {
  use_state("result");
  double best = 0;
  for (const Counts& c : counts()) {
    if (constrained(c) >= value_) best = std::max(best, wanted(c));
  }
  return best;
}

SensitivityAtSpecificity::SensitivityAtSpecificity(double at, const AtValueOptions& options)
    : SensitivitySpecificityBase("sensitivity_at_specificity", "specificity", at, options) {}

double SensitivityAtSpecificity::constrained(const Counts& c) const { return specificity(c); }

double SensitivityAtSpecificity::wanted(const Counts& c) const { return sensitivity(c); }

SpecificityAtSensitivity::SpecificityAtSensitivity(double at, const AtValueOptions& options)
    : SensitivitySpecificityBase("specificity_at_sensitivity", "sensitivity", at, options) {}

double SpecificityAtSensitivity::constrained(const Counts& c) const { return sensitivity(c); }

double SpecificityAtSensitivity::wanted(const Counts& c) const { return specificity(c); }

PrecisionAtRecall::PrecisionAtRecall(double at, const AtValueOptions& options)
    : SensitivitySpecificityBase("precision_at_recall", "recall", at, options) {}

double PrecisionAtRecall::constrained(const Counts& c) const { return sensitivity(c); }

double PrecisionAtRecall::wanted(const Counts& c) const { return precision_of(c); }

RecallAtPrecision::RecallAtPrecision(double at, const AtValueOptions& options)
    : SensitivitySpecificityBase("recall_at_precision", "precision", at, options) {}

double RecallAtPrecision::constrained(const Counts& c) const { return precision_of(c); }

double RecallAtPrecision::wanted(const Counts& c) const { return sensitivity(c); }

}  // namespace xtape::metrics
