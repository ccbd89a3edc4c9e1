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
#include "optimizers/check_options.hpp"
#include "optimizers/gradient_accumulator.hpp"
#include "optimizers/gradient_clipper.hpp"
#include "optimizers/moving_averages.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/indexed_slices.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/no_recording.hpp"

// The step of all optimizers. What the base keeps between steps stands in optimizer_state.cpp.
namespace xtape::optimizers {
namespace {

constexpr const char* op = "Optimizer.apply_gradients";

/// A new tensor, as the caller's gradient must not change.
Tensor scaled(const Tensor& t, double factor) {
  if (const auto slices = indexed_slices(t)) {
    return to_tensor({scaled(slices->values, factor), slices->indices, slices->dense_shape});
  }
  Tensor out = detail::make_tensor(t.shape(), t.dtype());
  kernels::visit_floating(t.dtype(), [&]<class T>(kernels::Type<T>) {
    kernels::scale(t.size(), detail::host_read("Optimizer", t).data<T>(), static_cast<T>(factor),
                   detail::host_write("Optimizer", out).data<T>());
  });
  return out;
}

/// "['dense/kernel', 'dense/bias']": the names of the variables, or of those that have no gradient.
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
      loss_scale_factor_(options.loss_scale_factor),
      accumulator_(detail::GradientAccumulator::make(options)),
      clipper_(detail::GradientClipper::make(options)),
      averages_(detail::MovingAverages::make(options)),
      iteration_(add_variable(int64, 0, "iteration")) {
  if (weight_decay_ && !(*weight_decay_ >= 0 && std::isfinite(*weight_decay_))) {
    detail::fail<ValueError>(name_.c_str(), "expected weight_decay >= 0, received {}", *weight_decay_);
  }
  check_positive(name_.c_str(), "loss_scale_factor", loss_scale_factor_);
  describe(options);
  set_rate(std::move(options.learning_rate));
}

Optimizer::Optimizer(Optimizer&&) noexcept = default;
Optimizer& Optimizer::operator=(Optimizer&&) noexcept = default;
Optimizer::~Optimizer() = default;

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
  check_step(gradients, variables);
  return take_step();
}

void Optimizer::check_step(std::span<const Tensor> gradients, std::span<const Variable> variables) {
  const detail::NoRecording unseen;
  collect_updates(gradients, variables);
  if (updates_.size() < variables.size()) warn_of_missing(gradients, variables);
  rate_ = rate_of_step();
  if (schedule_) check_finite(rate_);
}

bool Optimizer::any_constraint() const {
  return std::any_of(updates_.begin(), updates_.end(), [&](const auto& update) {
    return static_cast<bool>(tracked_[update.index].variable.constraint());
  });
}

std::int64_t Optimizer::take_step() {
  const detail::NoRecording unseen;
  Tensors unscaled, merged;
  if (loss_scale_factor_) unscale(unscaled);
  const bool constrained = any_constraint();
  const bool complete = !accumulator_ || accumulator_->updates_after(steps());
  if (complete && (constrained || !writes_elements())) keep_values(constrained);
  for (const Variable& shared : shared_) detail::Undo::current()->keep(shared);
  if (accumulator_) {
    accumulator_->add(updates_);
    if (!complete) return count_step();
    accumulator_->take_means(updates_);
  }

  begin_step();
  use_multiplier(1);
  if (clipper_) clipper_->begin_step(updates_, merged);
  // Variables with constraints come first: a constraint may throw, and no other variable has changed then.
  for (const bool now : {true, false}) {
    if (now && !constrained) continue;
    update_variables(now);
    if (averages_) averages_->update(iterations(), now);
    if (now) apply_constraints();
  }
  if (accumulator_) accumulator_->clear();
  return count_step();
}

void Optimizer::unscale(Tensors& unscaled) {
  unscaled.reserve(updates_.size());
  for (auto& update : updates_) {
    unscaled.push_back(scaled(*update.gradient, 1 / *loss_scale_factor_));
    update.gradient = &unscaled.back();
  }
}

void Optimizer::update_variables(bool constrained) {
  for (const auto& [index, gradient] : updates_) {
    Tracked& tracked = tracked_[index];
    if (static_cast<bool>(tracked.variable.constraint()) != constrained) continue;
    if (tracked.rate_multiplier != rate_multiplier_) use_multiplier(tracked.rate_multiplier);
    decay(tracked);
    if (clipper_) {
      update(tracked.variable, clipper_->clipped(*gradient), tracked.slots);
    } else {
      update(tracked.variable, *gradient, tracked.slots);
    }
  }
}

/// Keeps the values that change before the last update() and the last constraint, which may throw. What an update()
/// assigns, it keeps itself.
void Optimizer::keep_values(bool constrained) const {
  detail::Undo& undo = *detail::Undo::current();
  const bool decays_before = !writes_elements();
  for (const auto& [index, gradient] : updates_) {
    const Tracked& tracked = tracked_[index];
    if (accumulator_) undo.keep(accumulator_->sums()[index]);
    const bool is_constrained = static_cast<bool>(tracked.variable.constraint());
    if (is_constrained || (decays_before && tracked.weight_decay)) undo.keep(tracked.variable);
    if (!is_constrained) continue;
    for (const Variable& slot : tracked.slots) undo.keep(slot);
  }
  if (constrained && averages_) averages_->keep_constrained(undo);
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
  // As one launch, because the rate and the count differ in every replay.
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

void Optimizer::use_multiplier(double multiplier) {
  rate_multiplier_ = multiplier;
  step_rate_ = rate_ * multiplier;
  prepare_step();
}

void Optimizer::decay(const Tracked& tracked) {
  decay_factor_ = tracked.weight_decay ? 1 - *tracked.weight_decay * step_rate_ : 1;
  if (!tracked.weight_decay || decays_weights()) return;
  const Tensor& value = detail::value_for_update(tracked.variable);
  kernels::visit_floating(value.dtype(), [&]<class T>(kernels::Type<T>) {
    T* w = detail::host_write("Optimizer", value).data<T>();
    kernels::scale(value.size(), w, static_cast<T>(decay_factor_), w);
  });
}

void Optimizer::apply_constraints() {
  for (const auto& update : updates_) {
    Variable& variable = tracked_[update.index].variable;
    if (const auto& constraint = variable.constraint()) variable.assign(constraint(variable.peek()));
  }
}

/// Checks everything and builds the optimizer, so that a wrong call throws before anything has changed.
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
  // Variables are usually given in the order of building.
  std::size_t expected = 0;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const std::size_t index = find(variables[i], expected);
    if (gradients[i].defined() && tracked_[index].trainable) updates_.push_back({index, &gradients[i]});
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
