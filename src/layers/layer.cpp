#include "xtape/layers/layer.hpp"

#include <cctype>
#include <typeinfo>

#include <cxxabi.h>

#include "core/check.hpp"
#include "layers/layer_state.hpp"

namespace xtape {
namespace detail {

namespace {

constinit thread_local const CallScope* current_call = nullptr;

/// As Keras: "xtape::layers::BatchNormalization" -> "batch_normalization", "(anonymous namespace)::MLP" -> "mlp",
/// "Conv2D" -> "conv2d"
std::string snake_case_class(const std::type_info& type) {
  int status = 0;
  char* demangled = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string full = status == 0 ? demangled : type.name();
  std::free(demangled);
  full = full.substr(0, full.find('<'));
  const std::string name = full.substr(full.rfind(':') == std::string::npos ? 0 : full.rfind(':') + 1);
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

}  // namespace

CallScope::CallScope(std::optional<bool> training) noexcept
    : training_(training.value_or(current_call != nullptr && current_call->training_)), outer_(current_call) {
  current_call = this;
}
CallScope::~CallScope() { current_call = outer_; }
const CallScope* CallScope::current() noexcept { return current_call; }

std::string LayerState::path() const {
  const auto above = parent.lock();
  return above == nullptr ? name : above->path() + "/" + name;
}

void LayerState::set_trainable(bool value) {
  trainable = value;
  for (auto& weight : weights) weight.variable.set_trainable(value && weight.trainable);
  for (const auto& child : children) child->set_trainable(value);
}

void LayerState::collect(Lists& lists) const {
  for (const auto& weight : weights) {
    lists.all.push_back(weight.variable);
    (weight.variable.trainable() ? lists.trainable : lists.frozen).push_back(weight.variable);
  }
  for (const auto& child : children) child->collect(lists);
}

const LayerState::Lists& LayerState::lists() {
  const std::uint64_t now = structure_version();
  if (version_.load(std::memory_order_acquire) != now) {
    const std::lock_guard lock(mutex_);
    if (version_.load(std::memory_order_relaxed) != now) {
      lists_ = {};
      collect(lists_);
      version_.store(now, std::memory_order_release);
    }
  }
  return lists_;
}

}  // namespace detail

Layer::Layer(std::string name) : state_(std::make_shared<detail::LayerState>()) {
  state_->named_by_user = !name.empty();
  state_->name = std::move(name);
}

Layer::~Layer() = default;

detail::LayerState& Layer::state() const {
  if (state_ == nullptr) detail::fail<RuntimeError>("Layer", "the layer has been moved from");
  return *state_;
}

Tensor Layer::operator()(const Tensor& inputs, CallOptions options) {
  detail::LayerState& own = state();
  const detail::CallScope scope(options.training);
  try {
    if (!own.built) {
      (void)name();  // weights are named after it
      try {
        build(inputs.shape());
      } catch (...) {
        own.weights.clear();  // half a build is none
        throw;
      }
      own.built = true;
      detail::structure_changed();
    }
    return call(inputs);
  } catch (Error& error) {
    error.add_context("in layer '" + own.path() + "', called with an input of shape " +
                      (inputs ? inputs.shape().str() : "(none)"));
    throw;
  }
}

const std::string& Layer::name() const {
  detail::LayerState& own = state();
  // Not in the constructor: the class is not known yet there.
  if (own.name.empty()) own.name = detail::snake_case_class(typeid(*this));
  return own.name;
}

void Layer::set_name(std::string name) {
  if (name.empty()) detail::fail<ValueError>("Layer.set_name", "the name must not be empty");
  state().name = std::move(name);
  state().named_by_user = true;
}

bool Layer::built() const noexcept { return state_ != nullptr && state_->built; }
const std::vector<Variable>& Layer::variables() const { return state().lists().all; }
const std::vector<Variable>& Layer::trainable_variables() const { return state().lists().trainable; }
const std::vector<Variable>& Layer::non_trainable_variables() const { return state().lists().frozen; }

std::int64_t Layer::count_params() const {
  std::int64_t count = 0;
  for (const auto& variable : variables()) count += variable.size();
  return count;
}

bool Layer::trainable() const noexcept { return state_ != nullptr && state_->trainable; }

void Layer::set_trainable(bool trainable) {
  state().set_trainable(trainable);
  detail::structure_changed();
}

void Layer::build(const Shape&) {}

bool Layer::training() const noexcept {
  const auto* call = detail::CallScope::current();
  return call != nullptr && call->training();
}

Variable Layer::add_weight(const std::string& weight_name, const Shape& shape, const WeightOptions& options) {
  detail::LayerState& own = state();
  for (const auto& weight : own.weights) {
    if (weight.name == weight_name) {
      detail::fail<ValueError>("Layer.add_weight", "layer '{}' has a weight '{}' already", name(), weight_name);
    }
  }
  (void)name();
  Variable variable(options.initializer(shape, options.dtype),
                    {.trainable = options.trainable && own.trainable, .name = own.path() + "/" + weight_name});
  own.weights.push_back({weight_name, variable, options.trainable});
  detail::structure_changed();
  return variable;
}

Variable Layer::track(Variable variable) {
  const bool trainable = variable.trainable();
  state().weights.push_back({variable.name(), variable, trainable});
  detail::structure_changed();
  return variable;
}

void Layer::adopt(const Layer& layer) {
  detail::LayerState& own = state();
  const std::shared_ptr<detail::LayerState>& child = layer.state_;
  const std::string wanted = layer.name();
  const auto taken = [&](const std::string& candidate) {
    for (const auto& other : own.children) {
      if (other->name == candidate) return true;
    }
    return false;
  };
  for (const auto& other : own.children) {
    if (other == child) return;
  }
  if (child->named_by_user && taken(wanted)) {
    detail::fail<ValueError>("Layer.track", "there is a layer '{}' already, names must be unique in a model", wanted);
  }
  for (int n = 1; taken(child->name); ++n) child->name = wanted + "_" + std::to_string(n);
  child->parent = state_;
  own.children.push_back(child);
  detail::structure_changed();
}

}  // namespace xtape
