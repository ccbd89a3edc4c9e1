#pragma once

#include "xtape/metrics/mean_metric_wrapper.hpp"

namespace xtape::metrics {

/// 1 or 0 (float32) for each sample, [...] or [..., 1] and [..., classes] -> [...]: see SparseCategoricalAccuracy. No
/// gradient.
Tensor sparse_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred);

/// How often the place of the largest element along the last axis of y_pred, logits or probabilities [..., classes], is
/// the label. Labels have the shape [...] or [..., 1] and any dtype. Of equal largest elements the first counts; a
/// label outside [0, classes) never does. Throws a ValueError when the shapes do not fit.
class SparseCategoricalAccuracy : public MeanMetricWrapper {
 public:
  explicit SparseCategoricalAccuracy(const std::string& name = "sparse_categorical_accuracy")
      : MeanMetricWrapper(name) {}

 protected:
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override;
};

}  // namespace xtape::metrics
