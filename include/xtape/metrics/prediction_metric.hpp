#pragma once

#include "xtape/core/tensor.hpp"
#include "xtape/metrics/metric.hpp"

namespace xtape::metrics {

/// The base of metrics that compare labels with predictions: what Model::compile takes.
class PredictionMetric : public Metric {
 public:
  /// Adds a batch. The weights are a number, or one for each sample; after an error nothing has been added. What the
  /// mask of the predictions leaves out (see get_mask) has the weight 0 in all metrics of this library.
  virtual void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) = 0;

  /// Adds a batch and returns the value over all of them (Keras's Metric.__call__).
  double operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) {
    update_state(y_true, y_pred, sample_weight);
    return result();
  }

 protected:
  using Metric::Metric;
};

}  // namespace xtape::metrics
