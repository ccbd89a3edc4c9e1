#include "xtape/metrics/sum.hpp"

#include "core/undo.hpp"
#include "metrics/masked_weights.hpp"
#include "metrics/weighted_sum.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::metrics {

void Sum::update_state(const Tensor& values, const Tensor& given_weight) {
  const Tensor sample_weight = detail::masked_weights(values, given_weight);
  if (detail::launched_or_tried([this](const auto&... tensors) { update_state(tensors...); }, values, sample_weight))
    return;
  const detail::NoRecording unseen;
  total_ += detail::weighted_sum(name().c_str(), values, sample_weight).values;
}

}  // namespace xtape::metrics
