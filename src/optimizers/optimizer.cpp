#include "xtape/optimizers/optimizer.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.hpp"
#include "core/fill.hpp"
#include "core/warn.hpp"
#include "kernels/gradient_clipping.hpp"
#include "optimizers/floating.hpp"
#include "xtape/core/indexed_slices.hpp"
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

void check_finite(double learning_rate) {
  if (!std::isfinite(learning_rate)) {
    detail::fail<ValueError>("Optimizer.learning_rate", "expected a finite number, received {}", learning_rate);
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
    : name_(std::move(options.name)),
      weight_decay_(options.weight_decay),
      clipnorm_(options.clipnorm),
      clipvalue_(options.clipvalue),
      global_clipnorm_(options.global_clipnorm),
      iteration_(detail::filled({}, int64, 0), {.trainable = false, .name = name_ + "/iteration"}),
      learning_rate_(detail::filled({}, float64, options.learning_rate),
                     {.trainable = false, .name = name_ + "/learning_rate"}) {
  check_finite(options.learning_rate);
  if (weight_decay_ && !(*weight_decay_ >= 0 && std::isfinite(*weight_decay_))) {
    detail::fail<ValueError>(name_.c_str(), "expected weight_decay >= 0, received {}", *weight_decay_);
  }
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
  step(pairs.gradients(), pairs.variables());
  return iterations();
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
  if (zip(gradients, variables).size() > 0) step(gradients, variables);
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
  apply_gradients(zip(tape.gradient(loss, variables), variables));
}

void Optimizer::build(std::span<const Variable> variables) {
  if (built_) return;
  std::vector<Tracked> tracked;
  Addresses by_address;
  for (const auto& variable : variables) {
    const auto known = [&](const Tracked& t) { return t.variable.is_same(variable); };
    if (std::any_of(tracked.begin(), tracked.end(), known)) continue;
    tracked.push_back({variable, build_slots(variable)});
    by_address.emplace_back(variable.impl(), tracked.size() - 1);
  }
  std::sort(by_address.begin(), by_address.end());
  updates_.reserve(variables.size());
  tracked_ = std::move(tracked);
  by_address_ = std::move(by_address);
  built_ = true;
}

std::int64_t Optimizer::iterations() const { return *detail::const_data<std::int64_t>(iteration_.peek()); }

double Optimizer::learning_rate() const { return *detail::const_data<double>(learning_rate_.peek()); }

void Optimizer::set_learning_rate(double learning_rate) {
  check_finite(learning_rate);
  *detail::mutable_data<double>(detail::value_for_update(learning_rate_)) = learning_rate;
}

std::vector<Variable> Optimizer::variables() const {
  std::vector<Variable> all = {iteration_, learning_rate_};
  for (const auto& tracked : tracked_) all.insert(all.end(), tracked.slots.begin(), tracked.slots.end());
  return all;
}

Variable Optimizer::add_slot(const Variable& variable, const std::string& name) const {
  std::string of = variable.name();
  std::replace(of.begin(), of.end(), '/', '_');
  return Variable(detail::filled(variable.shape(), variable.dtype(), 0),
                  {.trainable = false, .name = fmt::format("{}/{}_{}", name_, of, name)});
}

void Optimizer::step(std::span<const Tensor> gradients, std::span<const Variable> variables) {
  const detail::NoRecording unseen;
  collect_updates(gradients, variables);
  if (updates_.size() < variables.size()) warn_of_missing(gradients, variables);

  prepare_step();
  const bool clips = clipnorm_ || clipvalue_ || global_clipnorm_;
  Tensors merged;
  if (clips) merge_slices(merged);
  const double scale = global_clipnorm_ ? global_scale() : 1;
  for (const auto& [index, gradient] : updates_) {
    Tracked& tracked = tracked_[index];
    if (weight_decay_) {
      const Tensor& value = detail::value_for_update(tracked.variable);
      visit_floating(value.dtype(), [&]<class T>(kernels::Type<T>) {
        T* w = detail::mutable_data<T>(value);
        kernels::scale(value.size(), w, static_cast<T>(1 - *weight_decay_ * learning_rate()), w);
      });
    }
    if (clips) {
      update(tracked.variable, clipped(*gradient, scale), tracked.slots);
    } else {
      update(tracked.variable, *gradient, tracked.slots);
    }
  }
  ++*detail::mutable_data<std::int64_t>(detail::value_for_update(iteration_));
}

/// Adds up the repeated rows of sparse gradients, whose norms and bounds are those of the sums.
void Optimizer::merge_slices(Tensors& merged) {
  merged.reserve(updates_.size());
  for (auto& update : updates_) {
    if (const auto slices = indexed_slices(*update.gradient)) {
      merged.push_back(to_tensor(combined(*slices)));
      update.gradient = &merged.back();
    }
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
