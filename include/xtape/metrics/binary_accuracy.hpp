#pragma once

#include "xtape/metrics/mean_metric_wrapper.hpp"

namespace xtape::metrics {

/// 1 or 0 (float32) for each element: see BinaryAccuracy. No gradient.
Tensor binary_accuracy(const Tensor& y_true, const Tensor& y_pred, double threshold = 0.5);

/// Keyword arguments of BinaryAccuracy.
struct BinaryAccuracyOptions {
  std::string name = "binary_accuracy";
  double threshold = 0.5;  ///< predictions above count as 1, others as 0

  XTAPE_FIELDS(name, threshold)
};

/// How often predictions above a threshold have the label 1 and the others the label 0: the mean over the samples of
/// the share of such elements along the last axis. y_true and y_pred have the same shape and any dtype; [batch] and
/// [batch, 1] count as the same. Throws a ValueError for other shapes that differ.
class BinaryAccuracy : public MeanMetricWrapper {
 public:
  explicit BinaryAccuracy(const BinaryAccuracyOptions& options = {})
      : MeanMetricWrapper(options), threshold_(options.threshold) {}
  XTAPE_FIRST_OPTIONS(BinaryAccuracy, BinaryAccuracyOptions, 1)

 protected:
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override;

 private:
  double threshold_;
};

}  // namespace xtape::metrics
