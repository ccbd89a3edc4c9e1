#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "optimizers/gradient_accumulator.hpp"
#include "optimizers/moving_averages.hpp"
#include "optimizers/variable_names.hpp"
#include "xtape/optimizers/optimizer.hpp"

// What the base of optimizers keeps between steps: its variables, the learning rate, the count of steps.
namespace xtape::optimizers {

void Optimizer::check_finite(double learning_rate) {
  if (!std::isfinite(learning_rate)) {
    detail::fail<ValueError>("Optimizer.learning_rate", "expected a finite number, received {}", learning_rate);
  }
}

void Optimizer::build(std::span<const Variable> variables) {
  if (built_) return;
  std::vector<Tracked> tracked;
  std::vector<Variable> averaged, averages, sums;
  Addresses by_address;
  for (const auto& variable : variables) {
    const auto known = [&](const Tracked& t) { return t.variable.is_same(variable); };
    if (std::any_of(tracked.begin(), tracked.end(), known)) continue;
    const ParameterGroup* group = group_of(variable);
    Tracked one;
    one.variable = variable;
    one.slots = build_slots(variable);
    if (decays(variable)) one.weight_decay = weight_decay_of(variable);
    if (group != nullptr) {
      one.rate_multiplier = group->learning_rate_multiplier;
      one.trainable = group->trainable;
      if (group->weight_decay && decays(variable)) one.weight_decay = group->weight_decay;
    }
    tracked.push_back(std::move(one));
    if (averages_) {
      averaged.push_back(variable);
      averages.push_back(add_slot(variable, "average"));
    }
    if (accumulator_) sums.push_back(add_slot(variable, "gradient_accumulator"));
    by_address.emplace_back(variable.impl(), tracked.size() - 1);
  }
  std::sort(by_address.begin(), by_address.end());
  updates_.reserve(variables.size());
  shared_ = build_shared();
  // Nothing below throws.
  tracked_ = std::move(tracked);
  by_address_ = std::move(by_address);
  if (averages_) averages_->track(std::move(averaged), std::move(averages));
  if (accumulator_) accumulator_->set_sums(std::move(sums));
  built_ = true;
}

void Optimizer::unbuild() noexcept {
  built_ = false;
  tracked_.clear();
  shared_.clear();
  by_address_.clear();
  updates_.clear();
  if (averages_) averages_->track({}, {});
  if (accumulator_) accumulator_->set_sums({});
}

void Optimizer::finalize_variable_values(std::span<const Variable> var_list) {
  if (!averages_ || !built_) return;
  // All are found before the first one changes.
  std::vector<std::size_t> indices;
  for (const auto& variable : var_list) {
    indices.push_back(find(variable, indices.empty() ? 0 : indices.back() + 1));
  }
  for (const std::size_t index : indices) averages_->overwrite(index);
}

void Optimizer::exclude_from_weight_decay(const std::vector<Variable>& var_list,
                                          const std::vector<std::string>& var_names) {
  if (built_) {
    detail::fail<ValueError>(name_.c_str(),
                             "`exclude_from_weight_decay()` can only be configured before the optimizer is built.");
  }
  without_decay_ = var_list;
  names_without_decay_ = var_names;
}

bool Optimizer::decays(const Variable& variable) const {
  const auto is_listed = [&](const Variable& other) { return other.is_same(variable); };
  return std::none_of(without_decay_.begin(), without_decay_.end(), is_listed) &&
         !name_contains(variable, names_without_decay_);
}

void Optimizer::set_parameter_groups(std::vector<ParameterGroup> groups) {
  const char* name = name_.c_str();
  if (built_) {
    detail::fail<ValueError>(name, "`set_parameter_groups()` can only be called before the optimizer is built.");
  }
  for (const auto& group : groups) {
    check_pattern(name, "pattern", group.pattern);
    const auto check = [&](const char* option, double value) {
      if (value >= 0 && std::isfinite(value)) return;
      detail::fail<ValueError>(name, "the parameter group \"{}\": expected {} >= 0, received {}", group.pattern, option,
                               value);
    };
    check("learning_rate_multiplier", group.learning_rate_multiplier);
    check("weight_decay", group.weight_decay.value_or(0));
  }
  groups_ = std::move(groups);
}

const ParameterGroup* Optimizer::group_of(const Variable& variable) const {
  const auto found = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const ParameterGroup& group) { return name_matches(variable, group.pattern); });
  return found == groups_.end() ? nullptr : &*found;
}

std::int64_t Optimizer::steps() const {
  return *detail::host_read("Optimizer", iteration_.peek()).data<std::int64_t>();
}

std::int64_t Optimizer::iterations() const { return accumulator_ ? accumulator_->updates_in(steps()) : steps(); }

double Optimizer::rate_of_step() const {
  return schedule_ ? (*schedule_)(steps()) : *detail::host_read("Optimizer", learning_rate_.peek()).data<double>();
}

double Optimizer::learning_rate() const { return rate_of_step(); }

void Optimizer::set_learning_rate(LearningRate learning_rate) {
  if (!learning_rate.is_scheduled() && schedule_) {
    detail::fail<TypeError>(
        "Optimizer.learning_rate",
        "This optimizer was created with a `LearningRateSchedule` object as its `learning_rate` constructor argument, "
        "hence its learning rate is not settable. If you need the learning rate to be settable, you should instantiate "
        "the optimizer with a float `learning_rate` argument.");
  }
  set_rate(std::move(learning_rate));
}

void Optimizer::set_rate(LearningRate rate) {
  if (rate.is_scheduled()) {
    schedule_ = std::move(rate);
    learning_rate_ = {};
    return;
  }
  check_finite(rate(0));
  if (!learning_rate_.defined()) learning_rate_ = add_variable(float64, 0, "learning_rate");
  *detail::host_write("Optimizer", detail::value_for_update(learning_rate_)).data<double>() = rate(0);
}

Config Optimizer::config() const {
  Config config = described(typeid(*this), {{"name", name_}});
  if (config.contains("learning_rate")) {
    config.set("learning_rate", schedule_ ? schedule_->config() : ConfigValue(rate_of_step()));
  }
  if (!groups_.empty()) {
    ConfigValue::List groups;
    for (const auto& group : groups_) groups.emplace_back(Config("", detail::field_entries(group)));
    config.set("parameter_groups", groups);
  }
  return config;
}

std::vector<Variable> Optimizer::variables() const {
  std::vector<Variable> all = {iteration_};
  if (learning_rate_.defined()) all.push_back(learning_rate_);
  const auto add = [&](const std::vector<Variable>& more) { all.insert(all.end(), more.begin(), more.end()); };
  if (averages_) add(averages_->averages());
  if (accumulator_) add(accumulator_->sums());
  std::size_t most = 0;
  for (const auto& tracked : tracked_) most = std::max(most, tracked.slots.size());
  const std::size_t together = std::min(most, slots_listed_together());
  for (const auto& tracked : tracked_) {
    for (std::size_t i = 0; i < std::min(together, tracked.slots.size()); ++i) all.push_back(tracked.slots[i]);
  }
  for (std::size_t i = together; i < most; ++i) {
    for (const auto& tracked : tracked_) {
      if (i < tracked.slots.size()) all.push_back(tracked.slots[i]);
    }
  }
  add(shared_);
  return all;
}

Variable Optimizer::add_slot(const Variable& variable, const std::string& name, double value) const {
  return add_slot(variable, name, detail::filled(variable.shape(), variable.dtype(), value));
}

Variable Optimizer::add_slot(const Variable& variable, const std::string& name, const Tensor& initial) const {
  std::string variable_name = variable.name();
  std::replace(variable_name.begin(), variable_name.end(), '/', '_');
  return Variable(initial, {.trainable = false, .name = fmt::format("{}/{}_{}", name_, variable_name, name)});
}

Variable Optimizer::add_variable(DType dtype, double value, const std::string& name) const {
  return Variable(detail::filled({}, dtype, value), {.trainable = false, .name = fmt::format("{}/{}", name_, name)});
}

}  // namespace xtape::optimizers
