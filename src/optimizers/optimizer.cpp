#include "xtape/optimizers/optimizer.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "base/warn.hpp"
#include "core/launch.hpp"
#include "core/trace.hpp"
#include "core/undo.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/gradient_clipping.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/indexed_slices.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::optimizers {
namespace {

constexpr const char* op = "Optimizer.apply_gradients";

void check_positive(const char* optimizer, const char* option, const std::optional<double>& value) {
  if (value && !(*value > 0 && std::isfinite(*value))) {
    detail::fail<ValueError>(optimizer, "expected {} > 0, received {}", option, *value);
  }
}

std::string set_or_not(const std::optional<double>& value) { return value ? fmt::format("{}", *value) : "unset"; }

void check_range(const OptimizerOptions& options) {
  const char* where = options.name.c_str();
  if (options.gradient_accumulation_steps && *options.gradient_accumulation_steps < 2) {
    detail::fail<ValueError>(
        where, "`gradient_accumulation_steps` must be an integer >= 2. Received: gradient_accumulation_steps={}",
        *options.gradient_accumulation_steps);
  }
  if (!(options.ema_momentum >= 0 && options.ema_momentum <= 1)) {
    detail::fail<ValueError>(where, "`ema_momentum` must be in the range [0, 1]. Received: ema_momentum={}",
                             options.ema_momentum);
  }
  if (options.ema_overwrite_frequency && *options.ema_overwrite_frequency < 1) {
    detail::fail<ValueError>(
        where, "`ema_overwrite_frequency` must be an integer >= 1 or None. Received: ema_overwrite_frequency={}",
        *options.ema_overwrite_frequency);
  }
}

/// "['dense/kernel', 'dense/bias']": the variables, or those of them that get no gradient.
std::string names_of(std::span<const Variable> variables, std::span<const Tensor> gradients = {}) {
  std::string names;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (!gradients.empty() && gradients[i].defined()) continue;
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", variables[i].name());
  }
  return "[" + names + "]";
}

void check_pair(const Tensor& gradient, const Variable& variable) {
  const Tensor& value = variable.peek();
  if (value.dtype() != float32 && value.dtype() != float64) {
    detail::fail<TypeError>(
        op,
        "variable '{}' is {}, expected float32 or float64: keep the variable in float32 and cast it "
        "where it is used",
        variable.name(), value.dtype());
  }
  if (gradient.dtype() != value.dtype()) {
    detail::fail<TypeError>(op, "the gradient of variable '{}' is {}, expected {}", variable.name(), gradient.dtype(),
                            value.dtype());
  }
  if (gradient.shape() != value.shape()) {
    detail::fail<ValueError>(op, "the gradient of variable '{}' has shape {}, expected {}", variable.name(),
                             gradient.shape(), value.shape());
  }
}

}  // namespace

Optimizer::Optimizer(OptimizerOptions options)
    : name_(options.name),
      weight_decay_(options.weight_decay),
      clipnorm_(options.clipnorm),
      clipvalue_(options.clipvalue),
      global_clipnorm_(options.global_clipnorm),
      loss_scale_factor_(options.loss_scale_factor),
      ema_overwrite_frequency_(options.ema_overwrite_frequency),
      ema_momentum_(options.ema_momentum),
      use_ema_(options.use_ema),
      accumulation_steps_(options.gradient_accumulation_steps.value_or(1)),
      iteration_(add_variable(int64, 0, "iteration")) {
  check_range(options);
  if (weight_decay_ && !(*weight_decay_ >= 0 && std::isfinite(*weight_decay_))) {
    detail::fail<ValueError>(name_.c_str(), "expected weight_decay >= 0, received {}", *weight_decay_);
  }
  set_rate(std::move(options.learning_rate));
  check_positive(name_.c_str(), "loss_scale_factor", loss_scale_factor_);
  check_positive(name_.c_str(), "clipnorm", clipnorm_);
  check_positive(name_.c_str(), "clipvalue", clipvalue_);
  check_positive(name_.c_str(), "global_clipnorm", global_clipnorm_);
  if (clipnorm_.has_value() + clipvalue_.has_value() + global_clipnorm_.has_value() > 1) {
    detail::fail<ValueError>(name_.c_str(),
                             "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set: clipnorm={}, "
                             "clipvalue={}, global_clipnorm={}",
                             set_or_not(clipnorm_), set_or_not(clipvalue_), set_or_not(global_clipnorm_));
  }
}

std::int64_t Optimizer::apply_gradients(const GradientsAndVariables& pairs) {
  if (pairs.size() == 0) {
    detail::fail<ValueError>(op,
                             "expected at least one pair of a gradient and a variable, received none (a model has no "
                             "variables before its first call)");
  }
  return launch_step(pairs.gradients(), pairs.variables());
}

std::int64_t Optimizer::apply_gradients(const std::vector<std::pair<Tensor, Variable>>& pairs) {
  Tensors gradients;
  detail::PoolVector<Variable> variables;
  for (const auto& [gradient, variable] : pairs) {
    gradients.push_back(gradient);
    variables.push_back(variable);
  }
  return apply_gradients(zip(gradients, variables));
}

void Optimizer::apply(std::span<const Tensor> gradients, std::span<const Variable> variables) {
  if (zip(gradients, variables).size() > 0) launch_step(gradients, variables);
}

void Optimizer::apply(std::span<const Tensor> gradients) {
  if (!built_) {
    detail::fail<RuntimeError>("Optimizer.apply",
                               "gradients without variables need an optimizer that is built: call build(variables)");
  }
  detail::PoolVector<Variable> variables;
  for (const auto& tracked : tracked_) variables.push_back(tracked.variable);
  apply(gradients, variables);
}

void Optimizer::minimize(const Tensor& loss, const std::vector<Variable>& variables, GradientTape& tape) {
  const double scale = traced_scale();
  apply_gradients(
      zip(scale == 1 ? tape.gradient(loss, variables)
                     : tape.gradient(loss, variables, {.output_gradients = {full(loss.shape(), scale, loss.dtype())}}),
          variables));
}

Tensor Optimizer::scale_loss(const Tensor& loss) const {
  const double scale = traced_scale();
  return scale == 1 ? loss : loss * scale;
}

double Optimizer::traced_scale() const {
  const double scale = loss_scale();
  if (detail::thread_state.tracer != nullptr && scale != loss_scale_factor_.value_or(1)) {
    detail::thread_state.tracer->give_up("the scale of the loss changes from step to step");
  }
  return scale;
}

std::int64_t Optimizer::step(std::span<const Tensor> gradients, std::span<const Variable> variables) {
  const detail::NoRecording unseen;
  collect_updates(gradients, variables);
  if (updates_.size() < variables.size()) warn_of_missing(gradients, variables);

  Tensors unscaled, merged;
  step_rate_ = rate_of_step();
  if (schedule_) check_finite(step_rate_);
  if (loss_scale_factor_) unscale(unscaled);
  const bool constrained = std::any_of(updates_.begin(), updates_.end(), [&](const Update& each) {
    return static_cast<bool>(tracked_[each.tracked].variable.constraint());
  });
  if (constrained && (steps() + 1) % accumulation_steps_ == 0) keep_constrained();
  for (const Variable& shared : shared_) detail::Undo::current()->keep(shared);
  if (accumulation_steps_ > 1 && !accumulate()) return count_step();

  prepare_step();
  const bool clips = clipnorm_ || clipvalue_ || global_clipnorm_;
  if (clips) merge_slices(merged);
  const double scale = global_clipnorm_ ? global_scale() : 1;
  // Those with constraints, which may throw, come first: the others need not be taken back then.
  for (const bool now : {true, false}) {
    if (now && !constrained) continue;
    update_variables(scale, now);
    if (use_ema_) update_averages(now);
    if (now) apply_constraints();
  }
  if (accumulation_steps_ > 1) clear_accumulators();
  return count_step();
}

void Optimizer::update_variables(double scale, bool constrained) {
  const bool clips = clipnorm_ || clipvalue_ || global_clipnorm_;
  for (const auto& [index, gradient] : updates_) {
    Tracked& tracked = tracked_[index];
    if (static_cast<bool>(tracked.variable.constraint()) != constrained) continue;
    if (weight_decay_) decay(tracked);
    if (clips) {
      update(tracked.variable, clipped(*gradient, scale), tracked.slots);
    } else {
      update(tracked.variable, *gradient, tracked.slots);
    }
  }
}

/// Keeps what changes before all constraints have been applied.
void Optimizer::keep_constrained() const {
  detail::Undo& undo = *detail::Undo::current();
  for (const auto& update : updates_) {
    const Tracked& tracked = tracked_[update.tracked];
    if (tracked.accumulator.defined()) undo.keep(tracked.accumulator);
    if (!tracked.variable.constraint()) continue;
    undo.keep(tracked.variable);
    for (const Variable& slot : tracked.slots) undo.keep(slot);
  }
  for (const Tracked& tracked : tracked_) {
    if (tracked.average.defined() && tracked.variable.constraint()) undo.keep(tracked.average);
  }
}

std::int64_t Optimizer::whole_step(std::span<const Tensor> gradients, std::span<const Variable> variables) {
  const bool was_built = built_;
  detail::Undo undo;
  try {
    return step(gradients, variables);
  } catch (...) {
    undo.take_back();
    if (!was_built) unbuild();
    throw;
  }
}

std::int64_t Optimizer::launch_step(std::span<const Tensor> gradients, std::span<const Variable> variables) {
  if (detail::thread_state.tracer == nullptr) return whole_step(gradients, variables);
  // As one launch: rates and counts differ in every replay.
  std::vector<const Tensor*> operands;
  for (const Tensor& gradient : gradients) operands.push_back(&gradient);
  for (const Variable& variable : variables) detail::thread_state.tracer->variable_written(variable);
  const std::vector<Variable> updated(variables.begin(), variables.end());
  detail::launch_as_one([this, updated](const Tensors& now) { whole_step(now, updated); }, operands);
  const detail::Untraced here;
  return iterations();
}

std::int64_t Optimizer::count_step() {
  return ++*detail::host_write("Optimizer", detail::value_for_update(iteration_)).data<std::int64_t>();
}

void Optimizer::decay(const Tracked& tracked) {
  decay_factor_ = tracked.decays ? 1 - *weight_decay_ * step_rate_ : 1;
  if (!tracked.decays || decays_weights()) return;
  const Tensor& value = detail::value_for_update(tracked.variable);
  kernels::visit_floating(value.dtype(), [&]<class T>(kernels::Type<T>) {
    T* w = detail::host_write("Optimizer", value).data<T>();
    kernels::scale(value.size(), w, static_cast<T>(decay_factor_), w);
  });
}

void Optimizer::apply_constraints() {
  for (const auto& update : updates_) {
    Variable& variable = tracked_[update.tracked].variable;
    if (const auto& constraint = variable.constraint()) variable.assign(constraint(variable.peek()));
  }
}

/// All checks, and the building: what throws does so before anything has changed.
void Optimizer::collect_updates(std::span<const Tensor> gradients, std::span<const Variable> variables) {
  bool any = false;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (!variables[i].defined()) detail::fail<ValueError>(op, "variables[{}] is empty", i);
    if (!gradients[i].defined()) continue;
    any = true;
    check_pair(gradients[i], variables[i]);
  }
  if (!any) detail::fail<ValueError>(op, "No gradients provided for any variable: {}", names_of(variables));
  build(variables);
  updates_.clear();
  // As a rule the variables come in the order of building.
  std::size_t expected = 0;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const std::size_t index = find(variables[i], expected);
    if (gradients[i].defined()) updates_.push_back({index, &gradients[i]});
    expected = index + 1;
  }
}

std::size_t Optimizer::find(const Variable& variable, std::size_t expected) const {
  if (expected < tracked_.size() && tracked_[expected].variable.is_same(variable)) return expected;
  const Addresses::value_type key(variable.impl(), 0);
  const auto found = std::lower_bound(by_address_.begin(), by_address_.end(), key);
  if (found == by_address_.end() || found->first != variable.impl()) {
    detail::fail<ValueError>(op,
                             "Unknown variable: '{}' {}. This optimizer can only be called for the variables it was "
                             "originally built with. When working with a new set of variables, you should recreate a "
                             "new optimizer instance.",
                             variable.name(), variable.shape());
  }
  return found->second;
}

void Optimizer::warn_of_missing(std::span<const Tensor> gradients, std::span<const Variable> variables) {
  bool news = false;
  std::size_t expected = 0;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const std::size_t index = find(variables[i], expected);
    if (!gradients[i].defined() && !std::exchange(tracked_[index].reported_missing, true)) news = true;
    expected = index + 1;
  }
  if (!news) return;
  detail::warn(fmt::format("[{}] Gradients do not exist for variables {} when minimizing the loss.", op,
                           names_of(variables, gradients)));
}

}  // namespace xtape::optimizers
