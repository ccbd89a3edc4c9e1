#include "models/train_state.hpp"

#include "core/check.hpp"

namespace xtape::detail {

TrainState::TrainState(const CompileOptions& options)
    : optimizer(options.optimizer.get()),
      losses(options.loss),
      loss_weights(options.loss_weights),
      metrics(options.metrics),
      weighted_metrics(options.weighted_metrics),
      loss_tracker(std::make_shared<xtape::metrics::Mean>("loss")) {
  if (!loss_weights.empty() && loss_weights.size() != losses.size()) {
    fail<ValueError>("Model.compile", "expected a weight for each loss: {} losses, {} weights", losses.size(),
                     loss_weights.size());
  }
}

void TrainState::resolve(const TensorList& y, const TensorList& y_pred, const std::vector<std::string>& names) {
  if (resolved) return;
  const bool several = y_pred.size() > 1;
  const auto name_of = [&](std::size_t output) {
    return output < names.size() ? names[output] : fmt::format("output_{}", output + 1);
  };
  std::vector<Used> found;
  std::vector<std::shared_ptr<xtape::metrics::Mean>> trackers;
  for (std::size_t output = 0; output < y_pred.size(); ++output) {
    if (several) trackers.push_back(std::make_shared<xtape::metrics::Mean>(name_of(output) + "_loss"));
    const auto add = [&](const std::vector<AnyMetric>& wanted, bool weighted) {
      for (const auto& metric : wanted) {
        if (several && !metric.by_name()) {
          fail<ValueError>(
              "Model.compile",
              "the metric object \"{}\" cannot be shared by {} outputs: give it by its name, or update it in "
              "a train_step of one's own",
              metric.name(), y_pred.size());
        }
        auto object = metric.metric(y[output].shape(), y_pred[output].shape());
        std::string name = several ? name_of(output) + "_" + metric.name() : metric.name();
        found.push_back({std::move(object), output, weighted, std::move(name)});
      }
    };
    add(metrics, false);
    add(weighted_metrics, true);
  }
  used = std::move(found);
  output_loss_trackers = std::move(trackers);
  resolved = true;
}

void TrainState::reset_metrics() {
  loss_tracker->reset_state();
  for (const auto& tracker : output_loss_trackers) tracker->reset_state();
  for (const auto& each : used) each.metric->reset_state();
}

}  // namespace xtape::detail
