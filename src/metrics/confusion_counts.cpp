#include "xtape/metrics/confusion_counts.hpp"

#include "base/check.hpp"
#include "metrics/ratio.hpp"

namespace xtape::metrics {
namespace {

std::vector<double> checked(const std::string& name, const std::vector<double>& thresholds) {
  detail::check_thresholds(name, thresholds);
  if (thresholds.empty()) detail::fail<ValueError>(name.c_str(), "expected one or more thresholds, received none");
  return thresholds;
}

}  // namespace

TruePositives::TruePositives(const TruePositivesOptions& options)
    : ThresholdValueMetric(options.name, {.thresholds = checked(options.name, options.thresholds)}) {
  describe(options);
}

FalsePositives::FalsePositives(const FalsePositivesOptions& options)
    : ThresholdValueMetric(options.name, {.thresholds = checked(options.name, options.thresholds)}) {
  describe(options);
}

TrueNegatives::TrueNegatives(const TrueNegativesOptions& options)
    : ThresholdValueMetric(options.name, {.thresholds = checked(options.name, options.thresholds)}) {
  describe(options);
}

FalseNegatives::FalseNegatives(const FalseNegativesOptions& options)
    : ThresholdValueMetric(options.name, {.thresholds = checked(options.name, options.thresholds)}) {
  describe(options);
}

}  // namespace xtape::metrics
