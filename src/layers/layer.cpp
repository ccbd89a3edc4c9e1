#include "xtape/layers/layer.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "layers/autocast.hpp"
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

}  // namespace

CallScope::CallScope(std::optional<bool> training) noexcept
    : training_(training.value_or(current_call != nullptr && current_call->training_)),
      outer_(current_call),
      outer_autocast_(autocast) {
  current_call = this;
  autocast = nullptr;
}
CallScope::~CallScope() {
  current_call = outer_;
  autocast = outer_autocast_;
}
const CallScope* CallScope::current() noexcept { return current_call; }

}  // namespace detail

Layer::Layer(std::string name, DTypePolicy dtype) : state_(std::make_shared<detail::LayerState>()) {
  state_->policy = dtype;
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

template void Layer::bind(const Shape&);
template void Layer::bind(const std::vector<Shape>&);

namespace {

const Shape& shapes_of(const Tensor& input) { return input.shape(); }

std::vector<Shape> shapes_of(const TensorList& inputs) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  return shapes;
}

std::string describe(const Tensor& input) {
  return fmt::format("called with an input of shape {}",
                     input.defined() ? detail::shown_shape(input.shape()) : "(none)");
}

std::string describe(const TensorList& inputs) {
  if (inputs.size() == 1) return describe(inputs.front());
  std::string shapes;
  for (const Tensor& input : inputs) {
    if (!shapes.empty()) shapes += ", ";
    shapes += input.defined() ? detail::shown_shape(input.shape()) : "(none)";
  }
  return fmt::format("called with inputs of shapes {}", shapes);
}

/// An input in the layer's compute dtype.
bool to_be_cast(const detail::LayerState& layer, const Tensor& input) {
  const DType to = layer.policy.compute_dtype();
  if (!input.defined() || input.dtype() == to || !layer.casts_inputs) return false;
  return is_floating(input.dtype()) && is_floating(to) && !(input.dtype() == float64 && to == float32);
}

bool to_be_cast(const detail::LayerState& layer, const TensorList& inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [&](const Tensor& input) { return to_be_cast(layer, input); });
}

Tensor in_compute_dtype(const detail::LayerState& layer, const Tensor& input) {
  return to_be_cast(layer, input) ? cast(input, layer.policy.compute_dtype()) : input;
}

TensorList in_compute_dtype(const detail::LayerState& layer, const TensorList& inputs) {
  TensorList all = inputs;
  for (Tensor& input : all) input = in_compute_dtype(layer, input);
  return all;
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
    auto output = [&] {
      std::optional<detail::AutocastScope> reading;
      const DTypePolicy policy = own.policy;
      if (policy.compute_dtype() != policy.variable_dtype()) reading.emplace(policy.compute_dtype());
      return to_be_cast(own, inputs) ? compute(in_compute_dtype(own, inputs)) : compute(inputs);
    }();
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
  return run(input, options, [&](const Tensor& x) { return call(x); });
}

TensorList Layer::operator()(const TensorList& inputs, CallOptions options) {
  return run(inputs, options, [&](const TensorList& xs) { return call_list(xs); });
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

const std::string& Layer::name() const& {
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

DTypePolicy Layer::dtype_policy() const { return state().policy; }
void Layer::set_dtype_policy(DTypePolicy policy) { state().policy = policy; }
DType Layer::compute_dtype() const { return state().policy.compute_dtype(); }
void Layer::set_casts_inputs(bool casts) { state().casts_inputs = casts; }

bool Layer::built() const noexcept { return state_ != nullptr && state_->built; }
const std::vector<Variable>& Layer::variables() const& { return state().lists().all; }
const std::vector<Variable>& Layer::trainable_variables() const& { return state().lists().trainable; }
const std::vector<Variable>& Layer::non_trainable_variables() const& { return state().lists().frozen; }

std::int64_t Layer::count_params() const {
  std::int64_t count = 0;
  for (const auto& variable : variables()) count += variable.size();
  return count;
}

bool Layer::trainable() const noexcept { return state_ != nullptr && state_->trainable; }

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

void Layer::add_loss(const Tensor& loss) {
  if (!loss.defined() || loss.size() != 1 || !is_floating(loss.dtype())) {
    detail::fail<ValueError>("Layer.add_loss", "expected a floating scalar, received {}",
                             loss.defined() ? fmt::format("{} {}", loss.dtype(), loss.shape()) : "an empty tensor");
  }
  detail::losses_in_use.store(true, std::memory_order_relaxed);
  const Tensor wide = loss.dtype() == bfloat16 ? cast(loss, float32) : loss;
  state().added_losses.push_back(wide.rank() == 0 ? wide : reshape(wide, {}));
}

std::unique_ptr<Layer> Layer::copy() const { return nullptr; }

}  // namespace xtape