#include "xtape/metrics/mean_metric_wrapper.hpp"

#include "xtape/tape/no_recording.hpp"

namespace xtape::metrics {

void MeanMetricWrapper::update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) {
  const detail::NoRecording unseen;
  mean_.update_state(call(y_true, y_pred), sample_weight);
}

}  // namespace xtape::metrics
