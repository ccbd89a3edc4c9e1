#include "xtape/metrics/mean_metric_wrapper.hpp"

#include "base/check.hpp"
#include "metrics/metric_update.hpp"

namespace xtape::metrics {

MeanMetricWrapper::MeanMetricWrapper(Function fn, std::string name)
    : PredictionMetric(std::move(name)), mean_(this->name()), fn_(std::move(fn)) {
  if (!fn_) detail::fail<ValueError>(this->name().c_str(), "the function is empty");
}

Config MeanMetricWrapper::config() const {
  Config config = PredictionMetric::config();
  if (typeid(*this) == typeid(MeanMetricWrapper)) config.set("fn", ConfigValue::custom());
  return config;
}

void MeanMetricWrapper::update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& given_weight) {
  const detail::MetricUpdate update(*this, y_true, y_pred, given_weight);
  if (update.done) return;
  mean_.update_state(call(y_true, y_pred), update.sample_weight);
}

std::vector<double> MeanMetricWrapper::state_numbers() const { return mean_.state_numbers(); }
bool MeanMetricWrapper::set_state_numbers(std::span<const double> numbers) { return mean_.set_state_numbers(numbers); }

}  // namespace xtape::metrics
