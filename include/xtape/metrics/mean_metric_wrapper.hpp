#pragma once

#include "xtape/metrics/mean.hpp"
#include "xtape/metrics/prediction_metric.hpp"

namespace xtape::metrics {

/// The base of metrics that are the mean of a function of labels and predictions (keras.metrics.MeanMetricWrapper).
class MeanMetricWrapper : public PredictionMetric {
 public:
  /// Adds a batch; see Mean for the weights. After an error nothing has been added.
  void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) override;
  void reset_state() override { mean_.reset_state(); }
  double result() const override { return mean_.result(); }

 protected:
  explicit MeanMetricWrapper(const std::string& name) : PredictionMetric(name), mean_(name) {}

  /// One value per sample.
  virtual Tensor call(const Tensor& y_true, const Tensor& y_pred) const = 0;

 private:
  Mean mean_;
};

}  // namespace xtape::metrics
