#include "xtape/callbacks/swap_ema_weights.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "xtape/models/model.hpp"
#include "xtape/optimizers/loss_scale_optimizer.hpp"
#include "xtape/optimizers/multi_optimizer.hpp"
#include "xtape/optimizers/schedule_free_adamw.hpp"

namespace xtape::callbacks {
namespace {

/// The average that an optimizer keeps of a variable, found by name and shape among the optimizer's variables that are
/// not `used` yet: of several variables of one name in the order in which they were built.
Tensor average_of(const optimizers::Optimizer& optimizer, const Variable& variable, std::vector<Variable>& used) {
  if (const auto* schedule_free = dynamic_cast<const optimizers::ScheduleFreeAdamW*>(&optimizer)) {
    return schedule_free->average(variable);
  }
  std::string name = fmt::format("{}/{}_average", optimizer.name(), variable.name());
  std::replace(name.begin() + static_cast<std::ptrdiff_t>(optimizer.name().size()) + 1, name.end(), '/', '_');
  const auto all = optimizer.variables();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Variable& candidate) {
    return candidate.name() == name && candidate.shape() == variable.shape() &&
           std::none_of(used.begin(), used.end(), [&](const Variable& a) { return a.is_same(candidate); });
  });
  if (found == all.end()) {
    detail::fail<ValueError>("SwapEMAWeights",
                             "must be used when `use_ema = true` is set on the optimizer: '{}' keeps no average of "
                             "'{}'",
                             optimizer.name(), variable.name());
  }
  used.push_back(*found);
  return found->peek();
}

std::vector<Tensor> averages_of(const optimizers::Optimizer& given, const std::vector<Variable>& variables) {
  const auto* scaling = dynamic_cast<const optimizers::LossScaleOptimizer*>(&given);
  const optimizers::Optimizer& optimizer = scaling == nullptr ? given : *scaling->inner_optimizer();
  const auto* several = dynamic_cast<const optimizers::MultiOptimizer*>(&optimizer);
  std::vector<Tensor> averages;
  std::vector<Variable> used;
  for (const auto& variable : variables) {
    averages.push_back(average_of(several == nullptr ? optimizer : *several->optimizer_of(variable), variable, used));
  }
  return averages;
}

}  // namespace

void SwapEMAWeights::swap() {
  if (!weights_.empty() || !model().compiled() || model().optimizer().iterations() == 0) return;
  auto variables = model().trainable_variables();
  const auto averages = averages_of(model().optimizer(), variables);
  for (std::size_t i = 0; i < variables.size(); ++i) {
    weights_.emplace_back(variables[i], variables[i].peek());
    variables[i].assign(averages[i]);
  }
}

void SwapEMAWeights::restore() {
  for (auto& [variable, value] : weights_) variable.assign(value);
  weights_.clear();
}

}  // namespace xtape::callbacks
