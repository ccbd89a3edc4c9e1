// How a model is trained: compile, and the steps of fit and evaluate.
#include "core/check.hpp"
#include "models/functional_graph.hpp"
#include "models/train_state.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape {

void Model::compile(const CompileOptions& options) { train_ = std::make_shared<detail::TrainState>(options); }

detail::TrainState& Model::train_state(const char* method) const {
  if (train_ == nullptr) detail::fail<RuntimeError>(method, "the model must be compiled first: call compile()");
  return *train_;
}

optimizers::Optimizer& Model::optimizer() const { return *train_state("Model.optimizer").optimizer; }

bool Model::stop_training() const { return train_ != nullptr && train_->stop_training; }
void Model::set_stop_training(bool stop) { train_state("Model.set_stop_training").stop_training = stop; }

std::vector<std::shared_ptr<metrics::Metric>> Model::metrics() const {
  const detail::TrainState& state = train_state("Model.metrics");
  std::vector<std::shared_ptr<metrics::Metric>> all{state.loss_tracker};
  all.insert(all.end(), state.output_loss_trackers.begin(), state.output_loss_trackers.end());
  for (const auto& used : state.used) all.push_back(used.metric);
  return all;
}

Tensor Model::compute_loss(const TensorList&, const TensorList& y, const TensorList& y_pred,
                           const Tensor& sample_weight) {
  detail::TrainState& state = train_state("Model.compute_loss");
  const std::size_t outputs = y_pred.size();
  Tensor total;
  const auto add = [&](const Tensor& loss) { total = total.defined() ? total + loss : loss; };
  if (!state.losses.empty()) {
    if (y.size() != outputs || state.losses.size() != outputs) {
      detail::fail<ValueError>("Model.compute_loss",
                               "expected a loss and labels for each output: {} output(s), {} loss(es), labels for {}",
                               outputs, state.losses.size(), y.size());
    }
    state.output_losses.assign(outputs, Tensor());
    for (std::size_t i = 0; i < outputs; ++i) {
      if (!state.losses[i]) continue;
      const Tensor loss = state.losses[i](y[i], y_pred[i], sample_weight);
      state.output_losses[i] = loss;
      add(state.loss_weights.empty() ? loss : loss * state.loss_weights[i]);
    }
  }
  for (const Tensor& penalty : losses()) add(penalty);
  if (!total.defined()) {
    detail::fail<ValueError>("Model.compute_loss",
                             "there is nothing to minimize: give compile() a loss, or use add_loss() in a layer");
  }
  return total;
}

Logs Model::compute_metrics(const Tensor& loss, const TensorList&, const TensorList& y, const TensorList& y_pred,
                            const Tensor& sample_weight) {
  detail::TrainState& state = train_state("Model.compute_metrics");
  const detail::NoRecording off;
  if (!state.resolved && (y.size() == y_pred.size() || (state.metrics.empty() && state.weighted_metrics.empty()))) {
    std::vector<std::string> names;
    if (graph_ != nullptr) {
      for (const auto& output : graph_->outputs()) names.push_back(output.name);
    }
    state.resolve(y, y_pred, names);
  }
  const auto rows = !y_pred.empty() && y_pred[0].rank() > 0 ? static_cast<double>(y_pred[0].shape()[0]) : 1.0;
  Logs logs;
  logs.reserve(1 + state.output_loss_trackers.size() + state.used.size());
  state.loss_tracker->update_state(loss, rows);
  logs.set("loss", state.loss_tracker->result());
  for (std::size_t i = 0; i < state.output_loss_trackers.size() && i < state.output_losses.size(); ++i) {
    if (!state.output_losses[i].defined()) continue;
    auto& tracker = *state.output_loss_trackers[i];
    tracker.update_state(state.output_losses[i], rows);
    logs.set(tracker.name(), tracker.result());
  }
  for (const auto& used : state.used) {
    used.metric->update_state(y[used.output], y_pred[used.output], used.weighted ? sample_weight : Tensor());
    logs.set(used.name, used.metric->result());
  }
  return logs;
}

Logs Model::train_step(const TrainBatch& batch) {
  detail::TrainState& state = train_state("Model.train_step");
  GradientTape tape;
  const TensorList y_pred = (*this)(batch.x, {.training = true});
  const Tensor loss = compute_loss(batch.x, batch.y, y_pred, batch.sample_weight);
  const Tensor scaled = state.optimizer->scale_loss(loss);
  const auto& variables = trainable_variables();
  const auto gradients = tape.gradient(scaled, variables);
  state.optimizer->apply_gradients(zip(gradients, variables));
  return compute_metrics(loss, batch.x, batch.y, y_pred, batch.sample_weight);
}

Logs Model::test_step(const TrainBatch& batch) {
  const TensorList y_pred = (*this)(batch.x, {.training = false});
  const Tensor loss = compute_loss(batch.x, batch.y, y_pred, batch.sample_weight);
  return compute_metrics(loss, batch.x, batch.y, y_pred, batch.sample_weight);
}

}  // namespace xtape
