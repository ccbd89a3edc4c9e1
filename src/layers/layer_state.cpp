#include "layers/layer_state.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <typeinfo>

#include <cxxabi.h>

namespace xtape::detail {

std::string class_of(const std::type_info& type) {
  int status = 0;
  char* demangled = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string full = status == 0 ? demangled : type.name();
  std::free(demangled);
  full = full.substr(0, full.find('<'));
  return full.substr(full.rfind(':') == std::string::npos ? 0 : full.rfind(':') + 1);
}

std::string snake_case(const std::string& name) {
  std::string snake;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto upper = [&](std::size_t k) {
      return k < name.size() && std::isupper(static_cast<unsigned char>(name[k])) != 0;
    };
    const auto lower = [&](std::size_t k) {
      return k < name.size() && std::islower(static_cast<unsigned char>(name[k])) != 0;
    };
    if (i > 0 && upper(i) && (lower(i - 1) || lower(i + 1))) snake += '_';
    snake += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
  }
  return snake;
}

void LayerState::name_unless_given(const std::string& automatic) {
  if (!named_by_user) name = automatic;
}

std::string LayerState::path() const {
  const auto above = parent.lock();
  return above == nullptr ? name : above->path() + "/" + name;
}

bool LayerState::contains(const LayerState& layer) const {
  return this == &layer ||
         std::any_of(children.begin(), children.end(), [&](const auto& child) { return child->contains(layer); });
}

void LayerState::rename_weights(const std::string& before) {
  const std::string now = path();
  for (auto& weight : weights) {
    if (weight.made_by_us && weight.variable.name() == before + "/" + weight.name) {
      weight.variable.set_name(now + "/" + weight.name);
    }
  }
  for (const auto& child : children) child->rename_weights(before + "/" + child->name);
}

void LayerState::set_trainable(bool value) {
  trainable = value;
  for (auto& weight : weights) weight.variable.set_trainable(value && weight.trainable);
  for (const auto& child : children) child->set_trainable(value);
}

void LayerState::collect_named(const std::string& prefix, std::vector<std::pair<std::string, Variable>>& named) const {
  for (const auto& weight : weights) {
    const auto there = [&](const auto& other) { return other.second.is_same(weight.variable); };
    if (std::none_of(named.begin(), named.end(), there)) named.emplace_back(prefix + weight.name, weight.variable);
  }
  for (const auto& child : children) child->collect_named(prefix + child->name + "/", named);
}

void LayerState::collect_generators(std::vector<std::shared_ptr<random::Generator>>& all) const {
  for (const auto& generator : generators) {
    if (std::find(all.begin(), all.end(), generator) == all.end()) all.push_back(generator);
  }
  for (const auto& child : children) child->collect_generators(all);
}

void LayerState::clear_losses() {
  added_losses.clear();
  for (const auto& child : children) child->clear_losses();
}

void LayerState::collect_losses(std::vector<Tensor>& losses) const {
  losses.insert(losses.end(), added_losses.begin(), added_losses.end());
  for (const auto& weight : weights) {
    if (weight.regularizer && weight.variable.trainable()) losses.push_back(weight.regularizer(weight.variable));
  }
  for (const auto& child : children) child->collect_losses(losses);
}

void LayerState::collect(Lists& lists, std::unordered_set<const VariableImpl*>& seen) const {
  for (const auto& weight : weights) {
    if (!seen.insert(weight.variable.impl()).second) continue;  // of a layer that two models share
    lists.all.push_back(weight.variable);
    (weight.variable.trainable() ? lists.trainable : lists.frozen).push_back(weight.variable);
  }
  for (const auto& child : children) child->collect(lists, seen);
}

const LayerState::Lists& LayerState::lists() {
  const std::uint64_t now = structure_version();
  if (version_.load(std::memory_order_acquire) != now) {
    const std::lock_guard lock(mutex_);
    if (version_.load(std::memory_order_relaxed) != now) {
      lists_ = {};
      std::unordered_set<const VariableImpl*> seen;
      collect(lists_, seen);
      version_.store(now, std::memory_order_release);
    }
  }
  return lists_;
}

}  // namespace xtape::detail
