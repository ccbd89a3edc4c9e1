#include "xtape/layers/layer.hpp"

#include <algorithm>
#include <cctype>
#include <typeinfo>

#include <cxxabi.h>

#include "core/check.hpp"
#include "layers/graph_node.hpp"
#include "layers/layer_state.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape {
namespace detail {

namespace {

constinit thread_local const CallScope* current_call = nullptr;
/// Whether any layer has ever added a loss: spares the others looking for some to forget.
std::atomic<bool> losses_in_use{false};

/// "xtape::layers::Dense" -> "Dense", "(anonymous namespace)::MLP" -> "MLP"
std::string class_of(const std::type_info& type) {
  int status = 0;
  char* demangled = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string full = status == 0 ? demangled : type.name();
  std::free(demangled);
  full = full.substr(0, full.find('<'));
  return full.substr(full.rfind(':') == std::string::npos ? 0 : full.rfind(':') + 1);
}

/// As Keras: "BatchNormalization" -> "batch_normalization", "MLP" -> "mlp", "Conv2D" -> "conv2d"
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

}  // namespace detail

Layer::Layer(std::string name) : state_(std::make_shared<detail::LayerState>()) {
  state_->named_by_user = !name.empty();
  state_->name = std::move(name);
  state_->handles.push_back(this);
}

Layer::Layer(const Layer& other) : state_(other.state_), phase_(other.phase_) {
  if (state_ == nullptr) return;
  if (auto* clones = detail::CloneScope::current()) {
    (void)other.name();
    state_ = clones->copy_of(state_);
    phase_ = Phase::unbound;
  }
  state_->handles.push_back(this);
}

Layer::Layer(Layer&& other) noexcept : state_(std::move(other.state_)), phase_(other.phase_) {
  if (state_ != nullptr) std::replace(state_->handles.begin(), state_->handles.end(), &other, this);
}

Layer& Layer::operator=(const Layer& other) {
  if (this != &other) {
    Layer copy(other);
    *this = std::move(copy);
  }
  return *this;
}

Layer& Layer::operator=(Layer&& other) noexcept {
  if (this == &other) return *this;
  if (state_ != nullptr) std::erase(state_->handles, this);
  state_ = std::move(other.state_);
  phase_ = other.phase_;
  if (state_ != nullptr) std::replace(state_->handles.begin(), state_->handles.end(), &other, this);
  return *this;
}

Layer::~Layer() {
  if (state_ != nullptr) std::erase(state_->handles, this);
}

detail::LayerState& Layer::state() const {
  if (state_ == nullptr) detail::fail<RuntimeError>("Layer", "the layer has been moved from");
  return *state_;
}

/// Sets this handle's members: by making the weights, or, where another handle has done so, by asking for them again.
template <class Shapes>
void Layer::bind(const Shapes& shapes) {
  detail::LayerState& own = state();
  (void)name();  // weights are named after it
  const bool first = !own.built;
  phase_ = first ? Phase::building : Phase::rebinding;
  rebound_layers_ = 0;
  try {
    if constexpr (std::is_same_v<Shapes, Shape>) {
      build(shapes);
    } else {
      build_list(shapes);
    }
  } catch (...) {
    phase_ = Phase::unbound;
    if (first) {  // half a build is none
      std::erase_if(own.weights, [](const auto& weight) { return weight.made_in_build; });
      for (const auto& child : own.children_of_build) std::erase(own.children, child);
      own.children_of_build.clear();
    }
    throw;
  }
  phase_ = Phase::bound;
  own.built = true;
  if (!first) return;
  detail::structure_changed();
  // The other handles at once, so that their members can be asked for weights without a call.
  const std::vector<Layer*> handles = own.handles;
  for (Layer* handle : handles) {
    if (handle->phase_ == Phase::unbound) handle->bind(shapes);
  }
}

namespace {

const Shape& shapes_of(const Tensor& input) { return input.shape(); }

std::vector<Shape> shapes_of(const TensorList& inputs) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  return shapes;
}

std::string describe(const Tensor& input) {
  return fmt::format("called with an input of shape {}", input ? detail::shown_shape(input.shape()) : "(none)");
}

std::string describe(const TensorList& inputs) {
  if (inputs.size() == 1) return describe(inputs.front());
  std::string shapes;
  for (const Tensor& input : inputs) {
    if (!shapes.empty()) shapes += ", ";
    shapes += input ? detail::shown_shape(input.shape()) : "(none)";
  }
  return fmt::format("called with inputs of shapes {}", shapes);
}

const Tensor* first_of(const Tensor& tensor) { return &tensor; }
const Tensor* first_of(const TensorList& tensors) { return tensors.empty() ? nullptr : &tensors.front(); }

/// What a summary shows of the first call: the batch as a size that is not known.
Shape typical_shape(const Tensor* input, const Tensor* output) {
  Shape shape = output->shape();
  if (input != nullptr && input->rank() > 0 && shape.rank() > 0 && input->shape()[0] == shape[0]) shape[0] = -1;
  return shape;
}

}  // namespace

template <class Inputs, class F>
auto Layer::run(const Inputs& inputs, CallOptions options, F&& compute) {
  detail::LayerState& own = state();
  const detail::CallScope scope(options.training);
  try {
    if (phase_ != Phase::bound) bind(shapes_of(inputs));
    if (detail::losses_in_use.load(std::memory_order_relaxed) && scope.outermost()) own.clear_losses();
    auto output = compute();
    const Tensor* first = first_of(output);
    if (!own.output_shape && first != nullptr && first->defined()) {
      own.output_shape = typical_shape(first_of(inputs), first);
    }
    if (own.activity_regularizer) {
      for (const Tensor& each : TensorList(output)) {
        // The mean over the batch, as in Keras.
        const std::int64_t batch = each.rank() > 0 ? each.shape()[0] : 1;
        if (batch > 0) add_loss(own.activity_regularizer(each) / static_cast<double>(batch));
      }
    }
    return output;
  } catch (Error& error) {
    error.add_context("in layer '" + own.path() + "', " + describe(inputs));
    throw;
  }
}

Tensor Layer::operator()(const Tensor& input, CallOptions options) {
  return run(input, options, [&] { return call(input); });
}

TensorList Layer::operator()(const TensorList& inputs, CallOptions options) {
  return run(inputs, options, [&] { return call_list(inputs); });
}

namespace {
/// The layer whose call() or call_list() is the default one, which asks the other: if that is the default one as well,
/// there is none.
constinit thread_local const Layer* asking = nullptr;
}  // namespace

Tensor Layer::call(const Tensor& input) {
  if (asking == this) {
    asking = nullptr;
    detail::fail<RuntimeError>(class_name().c_str(), "the class overrides neither call() nor call_list()");
  }
  asking = this;
  TensorList outputs = call_list(input);
  asking = nullptr;
  return outputs.only();
}

TensorList Layer::call_list(const TensorList& inputs) {
  if (inputs.size() != 1) {
    detail::fail<ValueError>(class_name().c_str(), "layer \"{}\" expects 1 input(s), but it received {} input tensors",
                             name(), inputs.size());
  }
  return call(inputs.front());
}

std::string Layer::class_name() const { return detail::class_of(typeid(*this)); }

const std::string& Layer::name() const {
  detail::LayerState& own = state();
  // Not in the constructor: the class is not known yet there.
  if (own.name.empty()) own.name = detail::snake_case(class_name());
  return own.name;
}

void Layer::set_name(std::string name) {
  if (name.empty()) detail::fail<ValueError>("Layer.set_name", "the name must not be empty");
  detail::LayerState& own = state();
  const std::string before = own.path();
  own.name = std::move(name);
  own.named_by_user = true;
  own.rename_weights(before);
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

bool Layer::trainable() const noexcept { return state_ != nullptr && state_->trainable; }

void Layer::set_trainable(bool trainable) {
  state().set_trainable(trainable);
  detail::structure_changed();
}

std::vector<Tensor> Layer::losses() const {
  std::vector<Tensor> losses;
  state().collect_losses(losses);
  return losses;
}

void Layer::set_activity_regularizer(Regularizer regularizer) { state().activity_regularizer = std::move(regularizer); }

void Layer::build(const Shape&) {}

void Layer::build_list(const std::vector<Shape>& input_shapes) {
  if (!input_shapes.empty()) build(input_shapes.front());
}

bool Layer::training() const noexcept {
  const auto* call = detail::CallScope::current();
  return call != nullptr && call->training();
}

Variable Layer::rebound(const std::string& weight_name, const Shape& shape) const {
  for (const auto& weight : state().weights) {
    if (weight.name != weight_name) continue;
    if (weight.variable.shape() != shape) {
      detail::fail<ValueError>("Layer.add_weight",
                               "layer '{}' has built its weight '{}' with shape {}, now {} is asked", name(),
                               weight_name, weight.variable.shape(), shape);
    }
    return weight.variable;
  }
  detail::fail<ValueError>("Layer.add_weight", "layer '{}' has been built without a weight '{}'", name(), weight_name);
}

Variable Layer::add_weight(const std::string& weight_name, const Shape& shape, const WeightOptions& options) {
  if (phase_ == Phase::rebinding) return rebound(weight_name, shape);
  detail::LayerState& own = state();
  for (const auto& weight : own.weights) {
    if (weight.name == weight_name) {
      detail::fail<ValueError>("Layer.add_weight", "layer '{}' has a weight '{}' already", name(), weight_name);
    }
  }
  (void)name();
  Variable variable(options.initializer(shape, options.dtype),
                    {.trainable = options.trainable && own.trainable, .name = own.path() + "/" + weight_name});
  if (options.constraint) variable.set_constraint(options.constraint);
  own.weights.push_back(
      {weight_name, variable, options.regularizer, options.trainable, true, phase_ == Phase::building});
  detail::structure_changed();
  return variable;
}

void Layer::add_loss(const Tensor& loss) {
  if (!loss.defined() || loss.size() != 1 || !is_floating(loss.dtype())) {
    detail::fail<ValueError>("Layer.add_loss", "expected a floating scalar, received {}",
                             loss ? fmt::format("{} {}", loss.dtype(), loss.shape()) : "an empty tensor");
  }
  detail::losses_in_use.store(true, std::memory_order_relaxed);
  state().added_losses.push_back(loss.rank() == 0 ? loss : reshape(loss, {}));
}

Variable Layer::track(Variable variable) {
  const bool trainable = variable.trainable();
  state().weights.push_back({variable.name(), variable, {}, trainable, false, phase_ == Phase::building});
  detail::structure_changed();
  return variable;
}

std::shared_ptr<random::Generator> Layer::track(std::shared_ptr<random::Generator> generator) {
  if (generator != nullptr) state().generators.push_back(generator);
  return generator;
}

void Layer::adopt(Layer& layer) {
  detail::LayerState& own = state();
  if (phase_ == Phase::rebinding) {  // a layer made in build(): another handle has made it before
    if (rebound_layers_ >= own.children_of_build.size()) {
      detail::fail<ValueError>("Layer.track", "layer '{}' has been built without the layer '{}'", name(), layer.name());
    }
    std::erase(layer.state_->handles, &layer);
    layer.state_ = own.children_of_build[rebound_layers_++];
    layer.state_->handles.push_back(&layer);
    layer.phase_ = Phase::unbound;
    return;
  }
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
  const std::string before = child->path();
  for (int n = 1; taken(child->name); ++n) child->name = wanted + "_" + std::to_string(n);
  child->parent = state_;
  if (!child->weights.empty() || !child->children.empty()) {
    (void)name();
    child->rename_weights(before);
  }
  own.children.push_back(child);
  if (phase_ == Phase::building) own.children_of_build.push_back(child);
  detail::structure_changed();
}

std::unique_ptr<Layer> Layer::copy() const { return nullptr; }

}  // namespace xtape
