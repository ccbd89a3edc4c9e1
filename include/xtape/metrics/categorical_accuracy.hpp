#pragma once

#include "xtape/metrics/mean_metric_wrapper.hpp"

namespace xtape::metrics {

/// 1 or 0 (float32) for each sample, [..., classes] and [..., classes] -> [...]: see CategoricalAccuracy. No gradient.
Tensor categorical_accuracy(const Tensor& y_true, const Tensor& y_pred);

/// How often the largest element along the last axis of y_pred, logits or probabilities [..., classes], has the place
/// of the largest of the one-hot labels [..., classes]. Of equal largest elements the first counts. Throws a ValueError
/// where the shapes differ.
class CategoricalAccuracy : public MeanMetricWrapper {
 public:
  explicit CategoricalAccuracy(const std::string& name = "categorical_accuracy") : MeanMetricWrapper(name) {}

 protected:
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override;
};

}  // namespace xtape::metrics
