// A layer's weights, and the layers that it tracks.
#include <algorithm>

#include "base/check.hpp"
#include "core/undo.hpp"
#include "layers/layer_state.hpp"
#include "xtape/layers/layer.hpp"
#include "xtape/ops/math.hpp"

namespace xtape {

std::vector<Tensor> Layer::get_weights() const {
  std::vector<Tensor> values;
  for (const auto& variable : variables()) values.push_back(variable.peek());
  return values;
}

void Layer::set_weights(const std::vector<Tensor>& weights) {
  const auto& own = variables();
  if (weights.size() != own.size()) {
    detail::fail<ValueError>("Layer.set_weights",
                             "layer '{}' was given a weight list of length {}, but it expects {} weights", name(),
                             weights.size(), own.size());
  }
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (weights[i].shape() != own[i].shape()) {
      detail::fail<ValueError>("Layer.set_weights", "layer '{}': weight {} '{}' has shape {}, received {}", name(), i,
                               own[i].name(), own[i].shape(), weights[i].shape());
    }
  }
  for (std::size_t i = 0; i < own.size(); ++i) {
    Variable variable = own[i];
    variable.assign(cast(weights[i], variable.dtype()));
  }
}

void Layer::set_trainable(bool trainable) {
  const std::lock_guard lock(detail::structure_mutex());
  state().set_trainable(trainable);
  detail::structure_changed();
}

Variable Layer::rebound(const std::string& weight_name, const Shape& shape) const {
  const std::lock_guard lock(detail::structure_mutex());
  const detail::LayerState& own = state();
  for (const auto& weight : own.weights) {
    if (weight.name != weight_name) continue;
    if (weight.variable.shape() != shape) {
      detail::fail<ValueError>("Layer.add_weight",
                               "layer '{}' has built its weight '{}' with shape {}, now {} is asked", own.name,
                               weight_name, weight.variable.shape(), shape);
    }
    return weight.variable;
  }
  detail::fail<ValueError>("Layer.add_weight", "layer '{}' has been built without a weight '{}'", own.name,
                           weight_name);
}

Variable Layer::add_weight(const std::string& weight_name, const Shape& shape, const WeightOptions& options) {
  if (phase_ == Phase::rebinding) return rebound(weight_name, shape);
  detail::LayerState& own = state();
  (void)name();
  std::string full_name;
  {
    const std::lock_guard lock(detail::structure_mutex());
    for (const auto& weight : own.weights) {
      if (weight.name == weight_name) {
        detail::fail<ValueError>("Layer.add_weight", "layer '{}' has a weight '{}' already", own.name, weight_name);
      }
    }
    full_name = own.path() + "/" + weight_name;
  }
  const detail::Trial::ForReal lasting;
  Variable variable(options.initializer(shape, options.dtype.value_or(own.policy.variable_dtype())),
                    {.trainable = options.trainable && own.trainable, .autocast = options.autocast, .name = full_name});
  if (options.constraint) variable.set_constraint(options.constraint);
  const std::lock_guard lock(detail::structure_mutex());
  own.weights.push_back(
      {weight_name, variable, options.regularizer, options.trainable, true, phase_ == Phase::building});
  detail::structure_changed();
  return variable;
}

Variable Layer::track(Variable variable) {
  detail::LayerState& own = state();
  const std::lock_guard lock(detail::structure_mutex());
  if (phase_ == Phase::rebinding) {  // a variable made in build(): another handle has made it before
    std::size_t place = rebound_variables_++;
    for (const auto& weight : own.weights) {
      if (!weight.made_by_us && weight.made_in_build && place-- == 0) return weight.variable;
    }
    detail::fail<ValueError>("Layer.track", "layer '{}' has been built without the variable '{}'", own.name,
                             variable.name());
  }
  own.weights.push_back({variable.name(), variable, {}, variable.trainable(), false, phase_ == Phase::building});
  detail::structure_changed();
  return variable;
}

std::shared_ptr<random::Generator> Layer::track(std::shared_ptr<random::Generator> generator) {
  if (generator == nullptr) return generator;
  detail::LayerState& own = state();
  const std::lock_guard lock(detail::structure_mutex());
  if (phase_ == Phase::rebinding) {
    if (rebound_generators_ >= own.generators_of_build.size()) {
      detail::fail<ValueError>("Layer.track", "layer '{}' has been built without this generator", own.name);
    }
    return own.generators_of_build[rebound_generators_++];
  }
  own.generators.push_back(generator);
  if (phase_ == Phase::building) own.generators_of_build.push_back(generator);
  return generator;
}

void Layer::adopt(Layer& layer) {
  detail::LayerState& own = state();
  const std::string wanted = layer.name();
  // Not the own name in any case: in a constructor the class may not be known yet.
  if (!layer.state().weights.empty() || !layer.state().children.empty()) (void)name();
  const auto shown_name = [&] { return own.name.empty() ? detail::snake_case(class_name()) : own.name; };
  const std::lock_guard lock(detail::structure_mutex());
  if (phase_ == Phase::rebinding) {  // a layer made in build(): another handle has made it before
    if (rebound_layers_ >= own.children_of_build.size()) {
      detail::fail<ValueError>("Layer.track", "layer '{}' has been built without the layer '{}'", shown_name(), wanted);
    }
    layer.state_->remove_handle(&layer);
    layer.state_ = own.children_of_build[rebound_layers_++];
    layer.phase_ = Phase::unbound;
    layer.state_->add_handle(&layer);
    return;
  }
  const std::shared_ptr<detail::LayerState>& child = layer.state_;
  const auto taken = [&](const std::string& candidate) {
    for (const auto& other : own.children) {
      if (other->name == candidate) return true;
    }
    return false;
  };
  for (const auto& other : own.children) {
    if (other == child) return;
  }
  if (child->contains(own)) {
    detail::fail<ValueError>("Layer.track", "layer '{}' cannot be a part of '{}': {}", wanted, shown_name(),
                             child == state_ ? "it is the same layer" : "that is a part of it already");
  }
  if (child->named_by_user && taken(wanted)) {
    detail::fail<ValueError>("Layer.track", "there is a layer '{}' already, names must be unique in a model", wanted);
  }
  const std::string before = child->path();
  for (int n = 1; taken(child->name); ++n) child->name = wanted + "_" + std::to_string(n);
  child->parent = state_;
  if (!child->weights.empty() || !child->children.empty()) child->rename_weights(before);
  own.children.push_back(child);
  if (phase_ == Phase::building) own.children_of_build.push_back(child);
  detail::structure_changed();
}

}  // namespace xtape
