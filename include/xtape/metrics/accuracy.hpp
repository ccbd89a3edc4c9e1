#pragma once

#include "xtape/metrics/mean_metric_wrapper.hpp"

namespace xtape::metrics {

/// How often y_pred equals y_true: the mean over the samples of the share of equal elements along the last axis.
/// Tensors of one axis hold one element per sample. y_true takes y_pred's dtype; [batch] and [batch, 1] are the
/// same. Throws a ValueError for other shapes that differ.
class Accuracy : public MeanMetricWrapper {
 public:
  explicit Accuracy(const std::string& name = "accuracy") : MeanMetricWrapper(name) {}

 protected:
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override;
};

}  // namespace xtape::metrics
