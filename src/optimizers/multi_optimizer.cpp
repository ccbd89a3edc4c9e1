#include "xtape/optimizers/multi_optimizer.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "core/undo.hpp"

namespace xtape::optimizers {

MultiOptimizer::MultiOptimizer(OptimizerMap optimizer_map, const MultiOptimizerOptions& options)
    : Optimizer({.name = options.name, .learning_rate = 0.0, .loss_scale_factor = options.loss_scale_factor}),
      map_(std::move(optimizer_map)),
      optimizers_(map_.optimizers()) {
  describe(options, {{"optimizer_map", ConfigValue()}});  // what config() has in its place
}

void MultiOptimizer::build(std::span<const Variable> variables) {
  if (built()) return;
  std::vector<std::vector<Variable>> parts(optimizers_.size());
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const auto found = std::find(optimizers_.begin(), optimizers_.end(), map_(variables[i]));
    const auto place = static_cast<std::size_t>(found - optimizers_.begin());
    parts[place].push_back(variables[i]);
    const auto is_same = [&](const Variable& other) { return other.is_same(variables[i]); };
    if (std::none_of(variables.begin(), variables.begin() + static_cast<std::ptrdiff_t>(i), is_same)) {
      places.push_back(place);
    }
  }
  for (std::size_t i = 0; i < optimizers_.size(); ++i) {
    if (!parts[i].empty()) optimizers_[i]->build(parts[i]);
  }
  Optimizer::build(variables);
  places_ = std::move(places);
}

void MultiOptimizer::unbuild() noexcept {
  for (const auto& optimizer : optimizers_) optimizer->unbuild();
  Optimizer::unbuild();
  places_.clear();
}

void MultiOptimizer::exclude_from_weight_decay(const std::vector<Variable>& var_list,
                                               const std::vector<std::string>& var_names) {
  for (const auto& optimizer : optimizers_) optimizer->exclude_from_weight_decay(var_list, var_names);
}

void MultiOptimizer::set_parameter_groups(std::vector<ParameterGroup> groups) {
  for (const auto& optimizer : optimizers_) optimizer->set_parameter_groups(groups);
}

void MultiOptimizer::finalize_variable_values(std::span<const Variable> var_list) {
  if (!built()) return;
  std::vector<std::vector<Variable>> parts(optimizers_.size());
  for (const auto& variable : var_list) parts[places_[find(variable, 0)]].push_back(variable);
  for (std::size_t i = 0; i < optimizers_.size(); ++i) optimizers_[i]->finalize_variable_values(parts[i]);
}

double MultiOptimizer::learning_rate() const { return map_.default_optimizer()->learning_rate(); }

void MultiOptimizer::set_learning_rate(LearningRate /*learning_rate*/) {
  detail::fail<ValueError>("MultiOptimizer",
                           "Learning rate cannot be set on a MultiOptimizer. Set the learning rate on the individual "
                           "sub-optimizers instead: optimizers()[i]->set_learning_rate().");
}

std::vector<Variable> MultiOptimizer::variables() const {
  std::vector<Variable> all = Optimizer::variables();
  for (const auto& optimizer : optimizers_) {
    const auto own = optimizer->variables();
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

Config MultiOptimizer::config() const {
  Config config = Optimizer::config();
  config.set("optimizer_map", map_.config());
  return config;
}

std::int64_t MultiOptimizer::step(std::span<const Tensor> gradients, std::span<const Variable> variables) {
  collect_updates(gradients, variables);  // checks all
  if (updates_.size() < variables.size()) warn_of_missing(gradients, variables);
  struct Part {
    Optimizer* optimizer;
    Tensors gradients;
    detail::PoolVector<Variable> variables;
  };
  detail::PoolVector<Part> parts;
  for (const auto& optimizer : optimizers_) parts.push_back({optimizer.get(), {}, {}});
  for (const auto& update : updates_) {
    Part& part = parts[places_[update.index]];
    part.gradients.push_back(*update.gradient);
    part.variables.push_back(tracked_[update.index].variable);
  }
  std::erase_if(parts, [](const Part& part) { return part.gradients.empty(); });
  for (const Part& part : parts) {
    part.optimizer->loss_scale_factor_ = loss_scale_factor_;
    part.optimizer->check_step(part.gradients, part.variables);
  }
  // What may throw comes first; what it has done is taken back if the next one throws.
  const auto safe =
      std::stable_partition(parts.begin(), parts.end(), [](const Part& part) { return part.optimizer->may_throw(); });
  for (auto part = parts.begin(); part != parts.end(); ++part) {
    if (part < safe && part + 1 < safe) {
      detail::Undo& undo = *detail::Undo::current();
      for (const Variable& variable : part->variables) undo.keep(variable);
      for (const Variable& variable : part->optimizer->variables()) undo.keep(variable);
    }
    part->optimizer->take_step();
  }
  return count_step();
}

}  // namespace xtape::optimizers
