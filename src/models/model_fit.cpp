// The loops of Keras's training surface: fit, evaluate and predict.
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <mutex>
#include <typeinfo>

#include "base/check.hpp"
#include "base/warn.hpp"
#include "layers/layer_state.hpp"
#include "models/batch_source.hpp"
#include "models/progbar.hpp"
#include "models/train_state.hpp"
#include "tape/untrained_variables.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/mask.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape {
namespace {

using detail::fail;

/// A training step. The first one in which a gradient is taken says which variables it uses and leaves untrained, since
/// they are not the model's: most likely a layer was not tracked.
template <class Step>
Logs checked_step(Model& model, detail::ModelState& state, const Step& step) {
  if (state.looked_for_untrained) return step();
  const detail::UntrainedVariables untrained;
  Logs logs = step();
  state.looked_for_untrained = untrained.any_gradient();
  const auto& own = model.variables();
  std::vector<std::string> strangers;
  for (const Variable& variable : untrained.list()) {
    const auto is_it = [&](const Variable& other) { return other.is_same(variable); };
    if (std::any_of(own.begin(), own.end(), is_it)) continue;
    if (!detail::LayerState::of(model).has_warned_about(variable.name())) strangers.push_back(variable.name());
  }
  if (!strangers.empty()) {
    constexpr std::size_t shown = 6;
    const std::string more = strangers.size() > shown ? fmt::format(" and {} more", strangers.size() - shown) : "";
    const std::size_t count = strangers.size();
    strangers.resize(std::min(count, shown));
    detail::warn(fmt::format(
        "[{0}.train_step] the loss depends on {2} trainable variable(s) that do not belong to the model '{1}', and "
        "whose gradients are not asked for: '{3}'{4}. They are neither trained nor saved with it. `track` them or "
        "their layers as members, or call adopt(layer) in the constructor. If they are not to be trained, say so by "
        "layer.set_trainable(false), {{.trainable = false}} or a call with {{.training = false}}",
        model.class_name(), model.name(), count, fmt::join(strangers, "', '"), more));
  }
  return logs;
}

/// What a pass over data, such as an epoch or an evaluation, adds up in the model's metrics, from zero. Another pass
/// may begin meanwhile, in a callback, or a new compile() replace the metrics: the sums are then those of that pass.
class Figures {
 public:
  Figures(Model& model, const detail::ModelState& state) : model_(model), state_(state) { begin(); }

  bool intact() const { return train_ == state_.train && pass_ == train_->passes; }
  void begin() {
    train_ = state_.train;
    pass_ = ++train_->passes;
    model_.reset_metrics();
  }
  /// Begins again if the figures are not intact, and says what is lost.
  void check(const char* method, const char* pass, std::int64_t step) {
    if (intact()) return;
    begin();
    if (std::exchange(warned_, true)) return;
    detail::warn(
        fmt::format("[{}] a callback has evaluated, trained or compiled model '{}' in the middle of {}, which uses the "
                    "same metrics: the figures are those of the batches after batch {} only. Do so between epochs, or "
                    "with a clone of the model that has the same weights",
                    method, model_.name(), pass, step));
  }

 private:
  Model& model_;
  const detail::ModelState& state_;
  std::shared_ptr<detail::TrainState> train_;
  std::uint64_t pass_ = 0;
  bool warned_ = false;
};

/// Calls all callbacks, in order.
class Callbacks {
 public:
  Callbacks(std::vector<AnyCallback> callbacks, Model& model, const Callback::Params& params)
      : callbacks_(std::move(callbacks)) {
    for (const auto& callback : callbacks_) {
      callback->set_model(model);
      callback->set_params(params);
    }
  }
  Callbacks(const Callbacks&) = delete;
  ~Callbacks() {
    if (std::uncaught_exceptions() == exceptions_) return;
    for (const auto& callback : callbacks_) {
      try {
        callback->on_failure();
      } catch (...) {  // the exception on its way is the one to be heard of
      }
    }
  }
  template <class Method, class... Args>
  void tell(Method method, const Args&... args) const {
    for (const auto& callback : callbacks_) ((*callback).*method)(args...);
  }
  void extend(Logs& logs) const {
    for (const auto& callback : callbacks_) callback->extend_logs(logs);
  }
  bool need_built_model() const {
    return std::any_of(callbacks_.begin(), callbacks_.end(),
                       [](const AnyCallback& callback) { return callback->needs_built_model(); });
  }
  int first_epoch(int initial_epoch) const {
    for (const auto& callback : callbacks_) initial_epoch = callback->first_epoch(initial_epoch);
    return initial_epoch;
  }

 private:
  std::vector<AnyCallback> callbacks_;
  const int exceptions_ = std::uncaught_exceptions();
};

void check_positive(const char* method, const char* what, std::int64_t value) {
  if (value < 1) fail<ValueError>(method, "expected {} of at least 1, received {}", what, value);
}

void check_steps(const char* method, const char* what, std::int64_t value) {
  if (value != -1 && value < 1)
    fail<ValueError>(method, "expected {} of -1 (all) or at least 1, received {}", what, value);
}

void check_verbose(const char* method, int verbose) {
  if (verbose < 0 || verbose > 2) fail<ValueError>(method, "expected verbose of 0, 1 or 2, received {}", verbose);
}

/// One pass in test mode, from the first batch on; updates `bar` unless it is null. Throws a ValueError without
/// batches; its text calls the data `what`.
Logs test_pass(const char* method, const char* what, detail::BatchSource& source, std::int64_t limit, Figures figures,
               detail::Progbar* bar, const Callbacks& callbacks,
               const std::function<Logs(const TrainBatch&)>& test_step) {
  const detail::NoRecording off;
  callbacks.tell(&Callback::on_test_begin);
  if (!figures.intact()) figures.begin();
  Logs logs;
  TrainBatch batch;
  std::int64_t step = 0;
  source.begin();
  for (; step != limit && source.next(batch); ++step) {
    callbacks.tell(&Callback::on_test_batch_begin, step);
    logs = test_step(batch);
    callbacks.tell(&Callback::on_test_batch_end, step, logs);
    figures.check(method, "an evaluation", step);
    if (bar != nullptr) bar->update(step + 1, logs);
  }
  if (step == 0) fail<ValueError>(method, "expected at least one batch, {} gave none", what);
  if (step < limit) detail::warn(fmt::format("[{}] {} gave only {} of {} batches.", method, what, step, limit));
  callbacks.tell(&Callback::on_test_end, logs);
  if (bar != nullptr) bar->end(step, logs);
  return logs;
}

void check(const FitOptions& options) {
  constexpr const char* method = "Model.fit";
  check_positive(method, "a batch_size", options.batch_size);
  check_positive(method, "a validation_freq", options.validation_freq);
  check_steps(method, "steps_per_epoch", options.steps_per_epoch);
  check_steps(method, "validation_steps", options.validation_steps);
  if (options.validation_batch_size != -1) {
    check_positive(method, "a validation_batch_size", options.validation_batch_size);
  }
  check_verbose(method, options.verbose);
  if (!(options.validation_split >= 0 && options.validation_split < 1)) {
    fail<ValueError>(method, "expected 0 <= validation_split < 1, received {}", options.validation_split);
  }
}

/// The batches of the validation; null without validation.
std::unique_ptr<detail::BatchSource> validation_source(const FitOptions& options, detail::Arrays rest) {
  constexpr const char* method = "Model.fit, validation_data";
  const ValidationData& data = options.validation_data;
  if (data.dataset) return detail::make_source(method, *data.dataset, options.validation_steps, {});
  detail::Arrays arrays{data.x, data.y, data.sample_weight};
  if (arrays.x.empty()) arrays = std::move(rest);
  if (arrays.x.empty()) return nullptr;
  arrays.check(method);
  const auto batch_size = options.validation_batch_size > 0 ? options.validation_batch_size : options.batch_size;
  return detail::make_source(std::move(arrays), batch_size, false);
}

}  // namespace

History Model::fit_arrays(const TensorList& x, const TensorList& y, const FitOptions& options) {
  if (Model* model = of_class()) return model->fit_arrays(x, y, options);
  constexpr const char* method = "Model.fit";
  (void)train_state(method);
  check(options);
  detail::Arrays train{x, y, options.sample_weight};
  train.check(method);
  if (train.rows() == 0) fail<ValueError>(method, "expected at least one sample, x has shape {}", x.front().shape());
  detail::Arrays rest;
  if (options.validation_split > 0 && options.validation_data.x.empty() && !options.validation_data.dataset) {
    const auto rows = train.rows();
    const auto kept = static_cast<std::int64_t>(std::floor(static_cast<double>(rows) * (1 - options.validation_split)));
    if (kept < 1 || kept >= rows) {
      fail<ValueError>(method,
                       "training data contains {} samples, which is not sufficient to split it into a validation and "
                       "training set as specified by validation_split={}",
                       rows, options.validation_split);
    }
    rest = train.slice(kept, rows);
    train = train.slice(0, kept);
  }
  // Not of the validation, whose figures are without the weights of classes, as in Keras.
  train.sample_weight = detail::sample_weights(method, train.y, train.sample_weight, options.class_weight);
  const auto validation = validation_source(options, std::move(rest));
  const auto source = detail::make_source(std::move(train), options.batch_size, options.shuffle);
  return run_fit(*source, validation.get(), options);
}

History Model::fit(const data::AnyDataset& batches, const FitOptions& options) {
  if (Model* model = of_class()) return model->fit(batches, options);
  constexpr const char* method = "Model.fit";
  (void)train_state(method);
  check(options);
  if (options.validation_split > 0 || options.sample_weight.defined()) {
    fail<ValueError>(method, "validation_split and sample_weight are for arrays, not for a dataset");
  }
  const auto validation = validation_source(options, {});
  const auto source = detail::make_source(method, batches, options.steps_per_epoch, options.class_weight);
  return run_fit(*source, validation.get(), options);
}

/// Builds the model before the callbacks begin, since some of them restore weights.
void Model::build_on(const TensorList& x) {
  const detail::NoRecording off;
  try {
    (void)(*this)(x, {.training = false});
  } catch (Error& error) {
    error.add_context("when fit built the model by calling it, before the first step");
    throw;
  }
}

History Model::run_fit(detail::BatchSource& source, detail::BatchSource* validation, const FitOptions& options) {
  // A callback may compile the model again.
  const auto state = [this]() -> detail::TrainState& { return train_state("Model.fit"); };
  const std::int64_t limit = options.steps_per_epoch;
  const std::int64_t steps = limit < 0 ? source.batches() : limit;
  History history;
  std::vector<AnyCallback> all{static_cast<Callback*>(&history)};
  all.insert(all.end(), options.callbacks.begin(), options.callbacks.end());
  const Callbacks callbacks(std::move(all), *this, {options.epochs, steps, options.verbose});
  // A model of a user's class is built by its first step, since it may have no call().
  if (!built() && (typeid(*this) == typeid(Sequential) || callbacks.need_built_model())) build_on(source.sample().x);
  state().stop_training = false;
  callbacks.tell(&Callback::on_train_begin);
  Logs last_logs;
  TrainBatch batch;
  bool begun = false;
  for (int epoch = callbacks.first_epoch(options.initial_epoch); epoch < options.epochs && !state().stop_training;
       ++epoch) {
    if (options.verbose > 0) {
      fmt::print("Epoch {}/{}\n", epoch + 1, options.epochs);
      std::fflush(stdout);
    }
    detail::Progbar bar(steps, options.verbose);
    Figures figures(*this, *model_);
    callbacks.tell(&Callback::on_epoch_begin, epoch);
    if (!figures.intact()) figures.begin();
    Logs logs;
    if (limit < 0 || !begun) source.begin();
    begun = true;
    const auto next = [&] {
      if (source.next(batch)) return true;
      if (limit < 0) return false;
      source.begin();
      return source.next(batch);
    };
    std::int64_t step = 0;
    // As in Keras, an epoch that has begun has a batch, and with it figures.
    for (; step != limit && (step == 0 || !state().stop_training) && next(); ++step) {
      callbacks.tell(&Callback::on_train_batch_begin, step);
      logs = checked_step(*this, *model_, [&] { return train_step(batch); });
      callbacks.tell(&Callback::on_train_batch_end, step, logs);
      figures.check("Model.fit", "an epoch", step);
      bar.update(step + 1, logs);
    }
    if ((step == 0 || !state().stop_training) && step < std::max<std::int64_t>(limit, 1)) {
      fail<ValueError>("Model.fit", "the dataset gave no batch in epoch {}{}", epoch + 1,
                       step == 0 ? "" : fmt::format(" after {} of {}, when it was started again", step, limit));
    }
    if (validation != nullptr && (epoch + 1) % options.validation_freq == 0) {
      const auto train = model_->train;
      const std::lock_guard lock(train->figures);
      const Logs of_validation =
          test_pass("Model.fit", "the validation data", *validation, options.validation_steps, Figures(*this, *model_),
                    nullptr, callbacks, [this](const TrainBatch& part) { return test_step(part); });
      for (const auto& [name, value] : of_validation) logs.set("val_" + name, value);
    }
    callbacks.extend(logs);
    bar.end(step, logs);
    callbacks.tell(&Callback::on_epoch_end, epoch, logs);
    last_logs = std::move(logs);
  }
  state().optimizer->finalize_variable_values(trainable_variables());
  callbacks.tell(&Callback::on_train_end, last_logs);
  return history;
}

Logs Model::evaluate_arrays(const TensorList& x, const TensorList& y, const EvaluateOptions& options) {
  if (Model* model = of_class()) return model->evaluate_arrays(x, y, options);
  constexpr const char* method = "Model.evaluate";
  (void)train_state(method);
  check_positive(method, "a batch_size", options.batch_size);
  detail::Arrays arrays{x, y, options.sample_weight};
  arrays.check(method);
  return run_evaluate(*detail::make_source(std::move(arrays), options.batch_size, false), options);
}

Logs Model::evaluate(const data::AnyDataset& batches, const EvaluateOptions& options) {
  if (Model* model = of_class()) return model->evaluate(batches, options);
  constexpr const char* method = "Model.evaluate";
  (void)train_state(method);
  return run_evaluate(*detail::make_source(method, batches, options.steps, {}), options);
}

Logs Model::run_evaluate(detail::BatchSource& source, const EvaluateOptions& options) {
  constexpr const char* method = "Model.evaluate";
  check_steps(method, "steps", options.steps);
  check_verbose(method, options.verbose);
  std::int64_t steps = source.batches();
  if (steps < 0 || (options.steps >= 0 && options.steps < steps)) steps = options.steps;
  (void)train_state(method);
  const Callbacks callbacks(options.callbacks, *this, {1, steps, options.verbose});
  detail::Progbar bar(steps, options.verbose);
  const auto train = model_->train;  // a callback may compile the model again
  const std::lock_guard lock(train->figures);
  return test_pass(method, "the data", source, options.steps, Figures(*this, *model_), &bar, callbacks,
                   [this](const TrainBatch& batch) { return test_step(batch); });
}

namespace {
/// Without masks, since the results of several batches are joined without masks.
TensorList without_masks(TensorList outputs) {
  for (Tensor& output : outputs) {
    if (detail::has_mask(output)) output = detail::masked(std::move(output), {});
  }
  return outputs;
}
}  // namespace

TensorList Model::predict(const TensorList& x, const PredictOptions& options) {
  if (Model* model = of_class()) return model->predict(x, options);
  constexpr const char* method = "Model.predict";
  if (options.batch_size < 1) {
    fail<ValueError>(method, "expected a batch size of at least 1, received {}", options.batch_size);
  }
  detail::Arrays arrays{x, {}, {}};
  arrays.check(method);
  const detail::NoRecording off;
  if (arrays.rows() <= options.batch_size && options.callbacks.empty()) return without_masks(predict_step(x));
  const Callbacks callbacks(options.callbacks, *this, {});
  const auto source = detail::make_source(std::move(arrays), options.batch_size, false);
  callbacks.tell(&Callback::on_predict_begin);
  std::vector<std::vector<Tensor>> parts;
  TrainBatch batch;
  source->begin();
  for (std::int64_t step = 0; source->next(batch); ++step) {
    callbacks.tell(&Callback::on_predict_batch_begin, step);
    TensorList outputs = without_masks(predict_step(batch.x));
    parts.resize(outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) parts[i].push_back(std::move(outputs[i]));
    callbacks.tell(&Callback::on_predict_batch_end, step);
  }
  callbacks.tell(&Callback::on_predict_end);
  if (parts.empty()) return without_masks(predict_step(x));  // no rows
  TensorList result;
  for (const auto& part : parts) result.push_back(part.size() == 1 ? part.front() : concat(part, 0));
  return result;
}

Tensor Model::predict(const Tensor& x, const PredictOptions& options) { return predict(TensorList(x), options).only(); }

Logs Model::train_on_batch(const TensorList& x, const TensorList& y, const Tensor& sample_weight,
                           const std::map<std::int64_t, double>& class_weight) {
  if (Model* model = of_class()) return model->train_on_batch(x, y, sample_weight, class_weight);
  constexpr const char* method = "Model.train_on_batch";
  (void)train_state(method);
  detail::Arrays{x, y, sample_weight}.check(method);
  const TrainBatch batch{x, y, detail::sample_weights(method, y, sample_weight, class_weight)};
  const Figures figures(*this, *model_);
  return checked_step(*this, *model_, [&] { return train_step(batch); });
}

Logs Model::test_on_batch(const TensorList& x, const TensorList& y, const Tensor& sample_weight) {
  if (Model* model = of_class()) return model->test_on_batch(x, y, sample_weight);
  (void)train_state("Model.test_on_batch");
  detail::Arrays{x, y, sample_weight}.check("Model.test_on_batch");
  const detail::NoRecording off;
  const auto train = model_->train;
  const std::lock_guard lock(train->figures);
  const Figures figures(*this, *model_);
  return test_step({x, y, sample_weight});
}

}  // namespace xtape
