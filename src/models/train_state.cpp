#include "models/train_state.hpp"

#include <algorithm>
#include <set>

#include "base/check.hpp"
#include "models/functional_graph.hpp"

namespace xtape::detail {

TrainState::TrainState(const CompileOptions& options, bool one_output)
    : optimizer(options.optimizer.get()),
      loss_tracker(std::make_shared<xtape::metrics::Mean>("loss")),
      losses_(options.loss),
      loss_weights_(options.loss_weights),
      metrics_(options.metrics),
      weighted_metrics_(options.weighted_metrics) {
  (void)*options.optimizer;  // throws if it is empty
  metrics_.check();
  weighted_metrics_.check();
  if (loss_weights_.given != PerOutput::by_position) return;
  const std::size_t losses = losses_.values.size(), weights = loss_weights_.values.size();
  const bool for_all_outputs = losses_.given == PerOutput::all && !one_output;
  if (losses_.given != PerOutput::by_name && !for_all_outputs && losses != weights) {
    fail<ValueError>("Model.compile", "expected a weight for each loss: {} losses, {} weights", losses, weights);
  }
}

void TrainState::settle(std::size_t count, const FunctionalGraph* graph) {
  if (!outputs_.empty()) {
    if (outputs_.size() == count) return;
    fail<ValueError>("Model.compute_loss", "expected {} output(s), as before, received {}", outputs_.size(), count);
  }
  std::vector<std::string> known;
  for (std::size_t i = 0; i < count; ++i) {
    const bool named =
        graph != nullptr && graph->outputs().size() == count;  // unless a user's step returns other outputs
    known.push_back(named ? graph->outputs()[i].name : fmt::format("output_{}", i + 1));
  }
  const auto losses = losses_.for_outputs("loss", known, AnyLoss());
  const auto weights = loss_weights_.for_outputs("loss_weights", known, 1);
  const auto metrics = metrics_.for_outputs("metrics", known);
  const auto weighted = weighted_metrics_.for_outputs("weighted_metrics", known);
  std::vector<Output> found;
  std::size_t needing = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Output output{known[i], losses[i], weights[i], metrics[i], weighted[i], needing};
    if (count > 1 && output.loss) output.loss_tracker = std::make_shared<xtape::metrics::Mean>(known[i] + "_loss");
    needing += output.needs_labels();
    found.push_back(std::move(output));
  }
  outputs_ = std::move(found);
  needing_ = needing;
}

const Tensor& TrainState::labels(const char* method, const TensorList& y, std::size_t output) const {
  const std::size_t outputs = outputs_.size();
  if (y.size() != outputs && y.size() != needing_) {
    const auto losses = std::count_if(outputs_.begin(), outputs_.end(), [](const Output& o) { return bool(o.loss); });
    fail<ValueError>(method, "expected a loss and labels for each output: {} output(s), {} loss(es), labels for {}",
                     outputs, losses, y.size());
  }
  const Tensor& labels = y[y.size() == outputs ? output : outputs_[output].needing_before];
  if (!labels.defined()) {
    fail<ValueError>(method, "the output '{}' has a loss or metrics, but its labels are empty", outputs_[output].name);
  }
  return labels;
}

const std::vector<TrainState::Used>& TrainState::metrics(const TensorList& y, const TensorList& y_pred) {
  if (metrics_made_) return used_;
  std::vector<Used> made;
  // Names in the logs as in Keras: first with the prefix "weighted_", then with a number for repeated names.
  std::set<std::string> names{"loss"};
  for (const Output& output : outputs_) {
    if (output.loss_tracker != nullptr) names.insert(output.loss_tracker->name());
  }
  const auto unique = [&](const std::string& name) {
    std::string candidate = name;
    for (int n = 1; !names.insert(candidate).second; ++n) candidate = fmt::format("{}_{}", name, n);
    return candidate;
  };
  const bool several = outputs_.size() > 1;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const auto in_logs = [&](const std::string& name) { return several ? outputs_[i].name + "_" + name : name; };
    const auto make = [&](const AnyMetric& metric) {
      auto object = metric.metric(labels("Model.compute_metrics", y, i).shape(), y_pred[i].shape());
      if (std::any_of(made.begin(), made.end(), [&](const Used& used) { return used.metric == object; })) {
        fail<ValueError>("Model.compile",
                         "the metric object \"{}\" is given twice: what it has seen of one output would count for the "
                         "other",
                         metric.name());
      }
      return object;
    };
    for (const auto& metric : outputs_[i].metrics) {
      made.push_back({make(metric), i, false, unique(in_logs(metric.name()))});
    }
    for (const auto& metric : outputs_[i].weighted_metrics) {
      const bool taken = names.count(in_logs(metric.name())) != 0;
      made.push_back({make(metric), i, true, unique(in_logs((taken ? "weighted_" : "") + metric.name()))});
    }
  }
  used_ = std::move(made);
  metrics_made_ = true;
  return used_;
}

void TrainState::reset_metrics() {
  loss_tracker->reset_state();
  for (const auto& output : outputs_) {
    if (output.loss_tracker != nullptr) output.loss_tracker->reset_state();
  }
  for (const auto& used : used_) used.metric->reset_state();
}

}  // namespace xtape::detail
