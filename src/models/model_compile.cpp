// How a model is trained: compile, and the steps of fit, evaluate and predict.
#include <typeinfo>

#include "base/check.hpp"
#include "models/functional_graph.hpp"
#include "models/train_state.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape {

void Model::compile(const CompileOptions& options) {
  if (Model* model = of_class()) return model->compile(options);
  auto state = std::make_shared<detail::TrainState>(options, typeid(*this) == typeid(Sequential));
  // A functional model knows its outputs now. A user's class may compute other outputs.
  if (graph_ != nullptr && typeid(*this) == typeid(Model)) {
    state->settle(graph_->outputs().size(), graph_.get());
  }
  model_state().train = std::move(state);
}

detail::TrainState& Model::train_state(const char* method) const {
  const auto& train = model_state().train;
  if (train == nullptr) detail::fail<RuntimeError>(method, "the model must be compiled first: call compile()");
  return *train;
}

bool Model::compiled() const noexcept { return model_ != nullptr && model_->train != nullptr; }

optimizers::Optimizer& Model::optimizer() const& { return *train_state("Model.optimizer").optimizer; }

bool Model::stop_training() const { return compiled() && model_->train->stop_training; }
void Model::set_stop_training(bool stop) { train_state("Model.set_stop_training").stop_training = stop; }

void Model::track_metric(std::shared_ptr<metrics::Metric> metric) {
  if (metric == nullptr) detail::fail<ValueError>("Model.track", "expected a metric, received a null pointer");
  model_state().tracked_metrics.push_back(std::move(metric));
}

std::vector<std::shared_ptr<metrics::Metric>> Model::metrics() const {
  if (const Model* model = of_class()) return model->metrics();
  const detail::ModelState& state = model_state();
  std::vector<std::shared_ptr<metrics::Metric>> all;
  if (state.train != nullptr) {
    all.push_back(state.train->loss_tracker);
    for (const auto& output : state.train->outputs()) {
      if (output.loss_tracker != nullptr) all.push_back(output.loss_tracker);
    }
    for (const auto& used : state.train->metrics()) all.push_back(used.metric);
  }
  all.insert(all.end(), state.tracked_metrics.begin(), state.tracked_metrics.end());
  return all;
}

void Model::reset_metrics() {
  if (compiled()) model_->train->reset_metrics();  // also if an overridden metrics() omits them
  for (const auto& metric : metrics()) metric->reset_state();
}

Logs Model::get_metrics_result() const {
  Logs logs;
  for (const auto& metric : metrics()) {
    std::string name = metric->name();
    if (compiled()) {
      for (const auto& used : model_->train->metrics()) {
        if (used.metric == metric) name = used.name;
      }
    }
    logs.set(name, metric->result());
  }
  return logs;
}

Tensor Model::compute_loss(const TensorList&, const TensorList& y, const TensorList& y_pred,
                           const Tensor& sample_weight) {
  constexpr const char* method = "Model.compute_loss";
  detail::TrainState& state = train_state(method);
  state.settle(y_pred.size(), graph_.get());
  Tensor total;
  const auto add = [&](const Tensor& loss) { total = total.defined() ? total + loss : loss; };
  for (std::size_t i = 0; i < y_pred.size(); ++i) {
    auto& output = state.outputs()[i];
    if (!output.loss) continue;
    const Tensor loss = output.loss(state.labels(method, y, i), y_pred[i], sample_weight);
    if (output.loss_tracker != nullptr) output.loss_value = loss;
    add(output.loss_weight == 1 ? loss : loss * output.loss_weight);
  }
  for (const Tensor& penalty : losses()) add(penalty);
  if (!total.defined()) {
    detail::fail<ValueError>(method,
                             "there is nothing to minimize: give compile() a loss, or use add_loss() in a layer");
  }
  return total;
}

Logs Model::compute_metrics(const Tensor& loss, const TensorList&, const TensorList& y, const TensorList& y_pred,
                            const Tensor& sample_weight) {
  constexpr const char* method = "Model.compute_metrics";
  detail::TrainState& state = train_state(method);
  const detail::NoRecording off;
  state.settle(y_pred.size(), graph_.get());
  const auto& metrics = state.metrics(y, y_pred);
  const auto& tracked = model_->tracked_metrics;
  const auto rows = !y_pred.empty() && y_pred[0].rank() > 0 ? static_cast<double>(y_pred[0].shape()[0]) : 1.0;
  Logs logs;
  logs.reserve(1 + state.outputs().size() + metrics.size() + tracked.size());
  state.loss_tracker->update_state(loss, rows);
  logs.set("loss", state.loss_tracker->result());
  for (auto& output : state.outputs()) {
    if (output.loss_tracker == nullptr) continue;
    // Undefined if a user's compute_loss does not set it.
    if (output.loss_value.defined()) output.loss_tracker->update_state(output.loss_value, rows);
    output.loss_value = {};
    logs.set(output.loss_tracker->name(), output.loss_tracker->result());
  }
  for (const auto& used : metrics) {
    used.metric->update_state(state.labels(method, y, used.output), y_pred[used.output],
                              used.weighted ? sample_weight : Tensor());
    logs.set(used.name, used.metric->result());
  }
  for (const auto& metric : tracked) logs.set(metric->name(), metric->result());
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

TensorList Model::predict_step(const TensorList& x) { return (*this)(x, {.training = false}); }

}  // namespace xtape
