#pragma once

#include <functional>
#include <string>
#include <utility>

#include "xtape/metrics/mean.hpp"
#include "xtape/metrics/prediction_metric.hpp"

namespace xtape::metrics {

/// The mean of a function of labels and predictions (keras.metrics.MeanMetricWrapper). Metrics of this kind are made
/// from a function, or derived from this class with their own `call`. The config() of one that is made from a function
/// has it as `fn`, which is custom.
class MeanMetricWrapper : public PredictionMetric {
 public:
  using Function = std::function<Tensor(const Tensor&, const Tensor&)>;

  /// The mean of `fn`, which gives one value per sample. Throws a ValueError for an empty function.
  MeanMetricWrapper(Function fn, std::string name);

  /// Adds a batch; see Mean for the weights. After an error nothing has been added.
  void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) override;
  void reset_state() override { mean_.reset_state(); }
  double result() const override { return mean_.result(); }
  Config config() const override;

 protected:
  /// For classes with their own `call`.
  explicit MeanMetricWrapper(const std::string& name) : PredictionMetric(name), mean_(name) {}
  /// For classes with options, see Metric: with their own `call`, and made from a function.
  template <detail::HasFields Options>
  explicit MeanMetricWrapper(const Options& options) : PredictionMetric(options), mean_(options.name) {}
  template <detail::HasFields Options>
  MeanMetricWrapper(Function fn, const Options& options) : MeanMetricWrapper(std::move(fn), options.name) {
    describe(options);
  }

  /// One value per sample.
  virtual Tensor call(const Tensor& y_true, const Tensor& y_pred) const { return fn_(y_true, y_pred); }

 private:
  std::vector<double> state_numbers() const override;
  bool set_state_numbers(std::span<const double> numbers) override;

  Mean mean_;
  Function fn_;
};

}  // namespace xtape::metrics
