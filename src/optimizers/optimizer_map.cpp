#include "xtape/optimizers/optimizer_map.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "optimizers/variable_names.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/optimizers/loss_scale_optimizer.hpp"
#include "xtape/optimizers/multi_optimizer.hpp"

namespace xtape::optimizers {
namespace {

std::shared_ptr<Optimizer> checked(const AnyOptimizer& optimizer) {
  const Optimizer& given = *optimizer;  // refuses none
  if (dynamic_cast<const LossScaleOptimizer*>(&given) != nullptr) {
    detail::fail<ValueError>(
        "OptimizerMap", "optimizer cannot be LossScaleOptimizer: put the MultiOptimizer into a LossScaleOptimizer");
  }
  if (dynamic_cast<const MultiOptimizer*>(&given) != nullptr) {
    detail::fail<ValueError>("OptimizerMap", "optimizer cannot be MultiOptimizer");
  }
  return optimizer.get();
}

}  // namespace

OptimizerMap::OptimizerMap(AnyOptimizer default_optimizer, Entries optimizer_map)
    : default_(checked(default_optimizer)) {
  for (const auto& [pattern, optimizer] : optimizer_map) {
    check_pattern("OptimizerMap", "optimizer_map", pattern);
    const auto is_same = [&, &key = pattern](const auto& entry) { return entry.first == key; };
    if (std::any_of(entries_.begin(), entries_.end(), is_same)) {
      detail::fail<ValueError>("OptimizerMap", "'{}' already exists in the OptimizerMap", pattern);
    }
    entries_.emplace_back(pattern, checked(optimizer));
  }
}

const std::shared_ptr<Optimizer>& OptimizerMap::operator()(const Variable& variable) const& {
  const std::shared_ptr<Optimizer>* found = nullptr;
  for (const auto& [pattern, optimizer] : entries_) {
    if (pattern == variable.name()) return optimizer;
  }
  for (const auto& [pattern, optimizer] : entries_) {
    if (!name_matches(variable, pattern)) continue;
    if (found != nullptr) {
      detail::fail<ValueError>("OptimizerMap", "Multiple optimizers assigned to variable '{}'.", variable.name());
    }
    found = &optimizer;
  }
  return found == nullptr ? default_ : *found;
}

std::vector<std::shared_ptr<Optimizer>> OptimizerMap::optimizers() const {
  std::vector<std::shared_ptr<Optimizer>> all;
  const auto add = [&](const std::shared_ptr<Optimizer>& optimizer) {
    if (std::find(all.begin(), all.end(), optimizer) == all.end()) all.push_back(optimizer);
  };
  for (const auto& [pattern, optimizer] : entries_) add(optimizer);
  add(default_);
  return all;
}

Config OptimizerMap::config() const {
  Config entries;
  for (const auto& [pattern, optimizer] : entries_) entries.set(pattern, optimizer->config());
  return Config("OptimizerMap", {{"default_optimizer", default_->config()}, {"optimizer_map", entries}},
                "keras.optimizers");
}

OptimizerMap OptimizerMap::from_config(const ConfigValue& value) {
  const Config& config = detail::config_of(value);
  for (const char* name : {"default_optimizer", "optimizer_map"}) {
    if (!config.contains(name)) detail::fail_missing(config, name);
  }
  Entries entries;
  for (const auto& [pattern, optimizer] : detail::config_of(config["optimizer_map"]).entries()) {
    entries.emplace_back(pattern, AnyOptimizer::from_config(optimizer));
  }
  return OptimizerMap(AnyOptimizer::from_config(config["default_optimizer"]), std::move(entries));
}

}  // namespace xtape::optimizers
