// The weights of a layer, and the layers that it tracks.
#include <algorithm>

#include "base/check.hpp"
#include "core/undo.hpp"
#include "layers/layer_state.hpp"
#include "xtape/core/creation.hpp"
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
  state().visit([&](detail::LayerState& layer) {
    layer.trainable = trainable;
    for (auto& weight : layer.weights) weight.variable.set_trainable(trainable && weight.trainable);
  });
  detail::structure_changed();
}

namespace {

using detail::LayerState;

/// In a build() that runs again: the next part that the first run has made; otherwise null.
template <class Part, class Suits>
Part* made_before(LayerState& layer, std::vector<Part>& parts, std::size_t LayerState::Counts::*kind,
                  const std::string& what, const Suits& suits) {
  if (layer.building != LayerState::Building::again) return nullptr;
  for (std::size_t& next = layer.again.*kind; next < layer.made_to.*kind;) {
    Part& part = parts[next++];
    if (suits(part)) return &part;
  }
  detail::fail<ValueError>("Layer.track", "layer '{}' has been built without {}", layer.name, what);
}

constexpr auto any_part = [](const auto&) { return true; };

}  // namespace

void detail::WeightBudget::take(const std::string& weight, const Shape& shape, DType dtype) {
  const auto fail_large = [&] {
    fail<DataError>("from_config", "the weight '{}' of shape {} is larger than all that the file holds", weight, shape);
  };
  std::uint64_t bytes = itemsize(dtype);
  for (const std::int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes)) fail_large();
  }
  if (bytes > left_) fail_large();
  left_ -= bytes;
}

Variable Layer::add_weight(const std::string& weight_name, const Shape& shape, const WeightOptions& options) {
  LayerState& own = state();
  (void)name();
  std::string full_name;
  {
    const std::lock_guard lock(detail::structure_mutex());
    for (const auto& weight : own.weights) {
      if (weight.name != weight_name) continue;
      if (!own.built()) {
        detail::fail<ValueError>("Layer.add_weight", "layer '{}' has a weight '{}' already", own.name, weight_name);
      }
      if (weight.variable.shape() != shape) {
        detail::fail<ValueError>("Layer.add_weight",
                                 "layer '{}' has built its weight '{}' with shape {}, now {} is asked", own.name,
                                 weight_name, weight.variable.shape(), shape);
      }
      return weight.variable;
    }
    full_name = own.path() + "/" + weight_name;
  }
  if (own.building == LayerState::Building::again) {
    detail::fail<ValueError>("Layer.add_weight", "layer '{}' has been built without a weight '{}'", own.name,
                             weight_name);
  }
  const DType dtype = options.dtype.value_or(own.policy.variable_dtype());
  const bool loading = detail::layer_thread.budget != nullptr;  // the file has the values
  if (loading) detail::layer_thread.budget->take(full_name, shape, dtype);
  const detail::Trial::Suspended lasting;
  Variable variable(loading ? zeros(shape, dtype) : options.initializer(shape, dtype),
                    {.trainable = options.trainable && own.trainable, .autocast = options.autocast, .name = full_name});
  if (options.constraint) variable.set_constraint(options.constraint);
  const std::lock_guard lock(detail::structure_mutex());
  own.weights.push_back({weight_name, variable, options.regularizer, options.trainable, true});
  detail::structure_changed();
  return variable;
}

Variable Layer::track(Variable variable, const std::string& name) {
  LayerState& own = state();
  const std::lock_guard lock(detail::structure_mutex());
  const auto theirs = [](const LayerState::Weight& weight) { return !weight.made_by_us; };
  if (const auto* made = made_before(own, own.weights, &LayerState::Counts::weights,
                                     fmt::format("the variable '{}'", variable.name()), theirs))
    return made->variable;
  own.weights.push_back({name.empty() ? variable.name() : name, variable, {}, variable.trainable(), false});
  detail::structure_changed();
  return variable;
}

std::shared_ptr<random::Generator> Layer::track(std::shared_ptr<random::Generator> generator) {
  if (generator == nullptr) return generator;
  LayerState& own = state();
  const std::lock_guard lock(detail::structure_mutex());
  if (const auto* made = made_before(own, own.generators, &LayerState::Counts::generators, "this generator", any_part))
    return *made;
  own.generators.push_back(generator);
  return generator;
}

void Layer::adopt(Layer& layer) {
  LayerState& own = state();
  const std::shared_ptr<LayerState>& child = layer.state_;
  const std::string wanted = layer.name();
  // Determines the own name only if necessary, since in a constructor the class is not known yet.
  if (!child->weights.empty() || !child->children.empty()) (void)name();
  const auto shown_name = [&] { return own.name.empty() ? detail::snake_case(class_name()) : own.name; };
  std::unique_lock lock(detail::structure_mutex());
  if (const auto* made = made_before(own, own.children, &LayerState::Counts::children,
                                     fmt::format("the layer '{}'", wanted), any_part)) {
    const std::shared_ptr<LayerState> again = *made;
    lock.unlock();
    child->remove_handle(layer);
    layer.state_ = again;
    layer.bound_ = 0;
    again->add_handle(layer);
    return;
  }
  const auto taken = [&](const std::string& candidate) {
    return std::any_of(own.children.begin(), own.children.end(),
                       [&](const auto& other) { return other->name == candidate; });
  };
  if (std::find(own.children.begin(), own.children.end(), child) != own.children.end()) return;
  if (child->any([&](const LayerState& below) { return &below == &own; })) {
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
  detail::structure_changed();
}

}  // namespace xtape
