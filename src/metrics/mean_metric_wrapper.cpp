#include "xtape/metrics/mean_metric_wrapper.hpp"

#include "base/check.hpp"
#include "core/undo.hpp"
#include "metrics/masked_weights.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::metrics {

MeanMetricWrapper::MeanMetricWrapper(Function fn, std::string name)
    : PredictionMetric(std::move(name)), mean_(this->name()), fn_(std::move(fn)) {
  if (!fn_) detail::fail<ValueError>(this->name().c_str(), "the function is empty");
}

void MeanMetricWrapper::update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& given_weight) {
  const Tensor sample_weight = detail::masked_weights(y_pred, given_weight);
  if (detail::launched_or_tried([this](const auto&... tensors) { update_state(tensors...); }, y_true, y_pred,
                                sample_weight))
    return;
  const detail::NoRecording unseen;
  mean_.update_state(call(y_true, y_pred), sample_weight);
}

}  // namespace xtape::metrics
