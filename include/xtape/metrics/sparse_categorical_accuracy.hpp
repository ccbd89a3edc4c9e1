#pragma once

#include "xtape/metrics/mean_metric_wrapper.hpp"

namespace xtape::metrics {

/// How often the largest of the last axis of y_pred, logits or probabilities [..., classes], stands at the label:
/// labels
/// [...] or [..., 1] of any dtype. The first of equal largest counts; a label outside [0, classes) is never met. Throws
/// a ValueError when the shapes do not fit.
class SparseCategoricalAccuracy : public MeanMetricWrapper {
 public:
  explicit SparseCategoricalAccuracy(const std::string& name = "sparse_categorical_accuracy")
      : MeanMetricWrapper(name) {}

 protected:
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override;
};

}  // namespace xtape::metrics
