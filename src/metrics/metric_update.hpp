#pragma once

#include "core/undo.hpp"
#include "losses/shapes.hpp"
#include "metrics/masked_weights.hpp"
#include "xtape/tape/mask.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::detail {

/// What every update_state() begins with. An update is one launch of a function() that is being traced, which replays
/// run again, and nothing is added in a trial: it is `done` then. Otherwise it goes on, unrecorded while this lives,
/// with `sample_weight`: the given one without what the mask of the predictions leaves out.
class MetricUpdate {
 public:
  template <class Metric>
  MetricUpdate(Metric& metric, const Tensor& y_true, const Tensor& y_pred, const Tensor& given_weight)
      : sample_weight(masked_weights(y_pred, given_weight)), done(update(metric, y_true, y_pred)) {}
  template <class Metric>
  MetricUpdate(Metric& metric, const Tensor& values, const Tensor& given_weight)
      : sample_weight(masked_weights(values, given_weight)),
        done(launched_or_tried(updating(metric), values, sample_weight)) {}

  const Tensor sample_weight;
  const bool done;

 private:
  /// What a mask leaves out may be anything, also for a metric that looks at all labels: it gets others, once.
  template <class Metric>
  bool update(Metric& metric, const Tensor& y_true, const Tensor& y_pred) const {
    if (!has_mask(y_pred)) return launched_or_tried(updating(metric), y_true, y_pred, sample_weight);
    const NoRecording unseen;
    const Tensor labels = labels_of_steps(y_true, y_pred), predictions = masked(y_pred, {});
    if (!launched_or_tried(updating(metric), labels, predictions, sample_weight)) {
      metric.update_state(labels, predictions, sample_weight);
    }
    return true;
  }
  template <class Metric>
  static auto updating(Metric& metric) {
    return [m = &metric](const auto&... now) { m->update_state(now...); };
  }
  NoRecording unseen_;
};

}  // namespace xtape::detail
