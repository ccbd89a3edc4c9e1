#include "xtape/metrics/mean.hpp"

#include "core/undo.hpp"
#include "metrics/masked_weights.hpp"
#include "metrics/weighted_sum.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::metrics {

void Mean::update_state(const Tensor& values, const Tensor& given_weight) {
  const Tensor sample_weight = detail::masked_weights(values, given_weight);
  if (detail::launched_or_tried([this](const auto&... tensors) { update_state(tensors...); }, values, sample_weight))
    return;
  const detail::NoRecording unseen;
  const std::int64_t samples = values.rank() == 0 ? 1 : values.shape()[0];
  const auto sum = detail::weighted_sum(name().c_str(), values, sample_weight);
  if (values.size() == 0) return;
  // As Keras: a sample's values are averaged first, so that the count is one of samples.
  const auto per_sample = static_cast<double>(values.size() / samples);
  total_ += sum.values / per_sample;
  count_ += sum.weights / per_sample;
}

void Mean::reset_state() {
  use_state("reset_state");
  total_ = count_ = 0;
}

double Mean::result() const {
  use_state("result");
  return count_ == 0 ? 0 : total_ / count_;
}

}  // namespace xtape::metrics
