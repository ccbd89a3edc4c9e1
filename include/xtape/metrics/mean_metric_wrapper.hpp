#pragma once

#include "xtape/metrics/mean.hpp"

namespace xtape::metrics {

/// The base of metrics that are the mean of a function of labels and predictions (keras.metrics.MeanMetricWrapper).
class MeanMetricWrapper : public Metric {
 public:
  /// Adds a batch; see Mean for the weights. After an error nothing has been added.
  void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {});
  void reset_state() override { mean_.reset_state(); }
  double result() const override { return mean_.result(); }

 protected:
  explicit MeanMetricWrapper(const std::string& name) : Metric(name), mean_(name) {}

  /// One value per sample.
  virtual Tensor call(const Tensor& y_true, const Tensor& y_pred) const = 0;

 private:
  Mean mean_;
};

}  // namespace xtape::metrics
