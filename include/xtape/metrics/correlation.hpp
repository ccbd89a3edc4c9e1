#pragma once

#include "xtape/metrics/mean_metric_wrapper.hpp"

// How labels and predictions of the same shape vary together along an axis, as means over the other axes. A ValueError
// for shapes that differ ([batch] and [batch, 1] count as the same), an IndexError for an axis outside the rank.
namespace xtape::metrics {

/// Keyword arguments of PearsonCorrelation.
struct PearsonCorrelationOptions {
  std::string name = "pearson_correlation";
  int axis = -1;

  XTAPE_FIELDS(name, axis)
};

/// The mean of covariance(y_true, y_pred) / (std(y_true) std(y_pred)), from -1 to 1; NaN where one does not vary.
class PearsonCorrelation : public MeanMetricWrapper {
 public:
  explicit PearsonCorrelation(const PearsonCorrelationOptions& options = {});
};

/// Keyword arguments of ConcordanceCorrelation.
struct ConcordanceCorrelationOptions {
  std::string name = "concordance_correlation";
  int axis = -1;

  XTAPE_FIELDS(name, axis)
};

/// The mean of 2 covariance(y_true, y_pred) / (var(y_true) + var(y_pred) + (mean(y_true) - mean(y_pred))^2 + 1e-7),
/// from -1 to 1: 1 only where they are equal (Lin, 1989).
class ConcordanceCorrelation : public MeanMetricWrapper {
 public:
  explicit ConcordanceCorrelation(const ConcordanceCorrelationOptions& options = {});
};

}  // namespace xtape::metrics
