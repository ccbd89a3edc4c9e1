#include "xtape/layers/layer.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "core/undo.hpp"
#include "layers/autocast.hpp"
#include "layers/graph_node.hpp"
#include "layers/layer_state.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape {
namespace detail {
namespace {

constinit thread_local const CallScope* current_call = nullptr;

}  // namespace

CallScope::CallScope(std::optional<bool> training, LayerState* layer) noexcept
    : training_(training.value_or(current_call != nullptr && current_call->training_)),
      layer_(layer),
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

Layer::Layer(std::string name, DTypePolicy dtype)
    : state_(std::make_shared<detail::LayerState>()), thread_(detail::this_thread()) {
  state_->policy = dtype;
  state_->named_by_user = !name.empty();
  state_->has_name = !name.empty();
  state_->name = std::move(name);
  state_->add_handle(this);
}

Layer::Layer(const Layer& other) : state_(other.state_), thread_(detail::this_thread()) {
  if (state_ == nullptr) return;
  if (auto* clones = detail::CloneScope::current()) {
    (void)other.name();
    state_ = clones->copy_of(state_);
    state_->add_handle(this);
  } else {
    state_->add_copy(this, other);
  }
}

Layer::Layer(Layer&& other) noexcept : state_(std::move(other.state_)), thread_(detail::this_thread()) {
  if (state_ != nullptr) state_->replace_handle(&other, this);
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
  if (state_ != nullptr) state_->remove_handle(this);
  state_ = std::move(other.state_);
  thread_ = detail::this_thread();
  if (state_ != nullptr) state_->replace_handle(&other, this);
  return *this;
}

Layer::~Layer() {
  if (state_ != nullptr) state_->remove_handle(this);
}

detail::LayerState& Layer::state() const {
  if (state_ == nullptr) detail::fail<RuntimeError>("Layer", "the layer has been moved from");
  return *state_;
}

namespace {
/// Where the default generator stands, which is none of a traced function's business here.
random::GeneratorState default_draws() {
  const detail::Untraced quietly;
  return random::default_generator().state();
}
}  // namespace

/// Builds the layer and sets this handle's members, where that is still to be done.
template <class Shapes>
void Layer::prepare(const Shapes& shapes) {
  detail::LayerState& own = state();
  const std::lock_guard lock(own.build_mutex);
  if (own.building) {
    detail::fail<RuntimeError>(class_name().c_str(), "layer '{}' is called inside of its own build()",
                               own.shown_path());
  }
  const bool tentative = own.tentative_of != nullptr;
  const bool by_others = tentative && own.tentative_of != detail::this_thread();
  if (by_others) own.tentative_of = nullptr;  // this thread has come to rely on it
  if (phase_ == Phase::tentative)
    phase_ = !own.built ? Phase::unbound : tentative && !by_others ? Phase::tentative : Phase::bound;
  if (phase_ == Phase::unbound) bind(shapes);
}

/// Sets this handle's members: by making the weights, or, where another handle has done so, by asking for them again.
template <class Shapes>
void Layer::bind(const Shapes& shapes) {
  detail::LayerState& own = state();
  (void)name();  // weights are named after it
  const bool first = !own.built;
  phase_ = first ? Phase::building : Phase::rebinding;
  rebound_layers_ = rebound_generators_ = rebound_variables_ = 0;
  const random::GeneratorState before = first ? default_draws() : random::GeneratorState{};
  own.building = true;
  try {
    const detail::Trial::ForReal lasting;
    if constexpr (std::is_same_v<Shapes, Shape>) {
      build(shapes);
    } else {
      build_list(shapes);
    }
    if (first) detail::BuildAttempt::built(state_, {before, default_draws()});
  } catch (...) {
    own.building = false;
    phase_ = Phase::unbound;
    if (first) {  // half a build is none
      own.forget_build();
      random::default_generator().take_back(default_draws(), before);
    }
    throw;
  }
  own.may_make_masks.store(may_make_masks(), std::memory_order_relaxed);
  own.building = false;
  if (first) {
    own.tentative_of = detail::this_thread();
    own.built = true;
  }
  phase_ = own.tentative_of == nullptr ? Phase::bound : Phase::tentative;
  if (!first) return;
  detail::structure_changed();
  // The thread's other handles at once, so that their members can be asked for weights without a call.
  for (Layer* handle : own.unbound_handles()) handle->bind(shapes);
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

bool to_be_cast(const detail::LayerState& layer, const Tensor& input) {
  const DType to = layer.policy.compute_dtype();
  if (!input.defined() || input.dtype() == to || !layer.casts_inputs) return false;
  if (input.dtype() == float64 && to == float32) return layer.narrows();
  return is_floating(input.dtype()) && is_floating(to);
}

bool to_be_cast(const detail::LayerState& layer, const TensorList& inputs) {
  const auto among = [&](DType dtype) {
    return std::any_of(inputs.begin(), inputs.end(),
                       [&](const Tensor& t) { return t.defined() && t.dtype() == dtype; });
  };
  const bool mixed = inputs.size() > 1 && layer.casts_inputs && layer.policy.compute_dtype() == float32 &&
                     among(float64) && among(float32);
  return mixed ||
         std::any_of(inputs.begin(), inputs.end(), [&](const Tensor& input) { return to_be_cast(layer, input); });
}

Tensor in_compute_dtype(const detail::LayerState& layer, const Tensor& input) {
  if (!input.defined() || !is_floating(input.dtype())) return input;
  const Tensor narrow = cast(input, layer.policy.compute_dtype());
  return narrow.is_same(input) ? input : detail::masked_like(input, narrow);
}

TensorList in_compute_dtype(const detail::LayerState& layer, const TensorList& inputs) {
  TensorList all = inputs;
  for (Tensor& input : all) input = in_compute_dtype(layer, input);
  return all;
}

std::span<const Tensor> span_of(const Tensor& tensor) { return {&tensor, 1}; }
std::span<const Tensor> span_of(const TensorList& tensors) { return tensors; }
std::span<Tensor> span_of(Tensor& tensor) { return {&tensor, 1}; }
std::span<Tensor> span_of(TensorList& tensors) { return tensors; }

bool any_masked(const Tensor& input) { return detail::has_mask(input); }
bool any_masked(const TensorList& inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [](const Tensor& input) { return detail::has_mask(input); });
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
  const detail::CallScope scope(options.training, &own);
  const auto forget_losses = [&] {
    if (detail::LayerState::losses_in_use.load(std::memory_order_relaxed) && scope.outermost()) own.clear_losses();
  };
  detail::BuildAttempt attempt(scope.outermost());
  try {
    if (phase_.load(std::memory_order_acquire) != Phase::bound) prepare(shapes_of(inputs));
    forget_losses();
    auto output = [&] {
      std::optional<detail::AutocastScope> reading;
      const DTypePolicy policy = own.policy;
      if (policy.compute_dtype() != policy.variable_dtype()) reading.emplace(policy.compute_dtype());
      const auto computed = [&](const Inputs& given) {
        auto result = compute(given);
        if (own.may_make_masks.load(std::memory_order_relaxed) || any_masked(given)) [[unlikely]]
          give_masks(span_of(given), span_of(result));
        return result;
      };
      return to_be_cast(own, inputs) ? computed(in_compute_dtype(own, inputs)) : computed(inputs);
    }();
    const Tensor* first = first_of(output);
    if (!own.has_output_shape() && first != nullptr && first->defined()) {
      own.set_output_shape(typical_shape(first_of(inputs), first));
    }
    if (own.activity_regularizer) {
      for (const Tensor& each : TensorList(output)) {
        // The mean over the batch, as in Keras.
        const std::int64_t batch = each.rank() > 0 ? each.shape()[0] : 1;
        if (batch > 0) add_loss(own.activity_regularizer(each) / static_cast<double>(batch));
      }
    }
    if (const auto* outer = scope.outer(); outer != nullptr && outer->layer() != nullptr) {
      if (!own.known_in(*outer->layer())) own.called_in(scope);
    }
    attempt.succeed();
    return output;
  } catch (Error& error) {
    forget_losses();
    error.add_context("in layer '" + own.shown_path() + "', " + describe(inputs));
    throw;
  } catch (...) {
    forget_losses();
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
/// The layer whose call() is the default one, which asks call_list(): if that is the default one as well, there is
/// none.
constinit thread_local const Layer* asking = nullptr;
}  // namespace

Tensor Layer::call(const Tensor& input) {
  struct Asking {
    explicit Asking(const Layer* layer) : outer(std::exchange(asking, layer)) {}
    ~Asking() { asking = outer; }
    const Layer* outer;
  };
  const Asking now(this);
  return call_list(input).only();
}

TensorList Layer::call_list(const TensorList& inputs) {
  if (asking == this) {
    detail::fail<RuntimeError>(class_name().c_str(), "the class overrides neither call() nor call_list()");
  }
  if (inputs.size() != 1) {
    detail::fail<ValueError>(class_name().c_str(), "layer \"{}\" expects 1 input(s), but it received {} input tensors",
                             name(), inputs.size());
  }
  return call(inputs.front());
}

std::string Layer::class_name() const { return detail::class_of(typeid(*this)); }

const std::string& Layer::name() const& {
  detail::LayerState& own = state();
  if (!own.has_name.load(std::memory_order_acquire)) {
    const std::lock_guard lock(detail::structure_mutex());
    if (own.name.empty()) own.name = detail::snake_case(class_name());
    own.has_name.store(true, std::memory_order_release);
  }
  return own.name;
}

void Layer::set_name(std::string name) {
  if (name.empty()) detail::fail<ValueError>("Layer.set_name", "the name must not be empty");
  detail::LayerState& own = state();
  const std::lock_guard lock(detail::structure_mutex());
  const std::string before = own.path();
  own.name = std::move(name);
  own.has_name.store(true, std::memory_order_release);
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

std::vector<Tensor> Layer::losses() const { return state().losses(); }

void Layer::set_activity_regularizer(Regularizer regularizer) { state().activity_regularizer = std::move(regularizer); }

void Layer::build(const Shape&) {}

void Layer::build_list(const std::vector<Shape>& input_shapes) {
  if (!input_shapes.empty()) build(input_shapes.front());
}

bool Layer::symbolic_call() const noexcept { return detail::Trial::current() != nullptr; }

bool Layer::training() const noexcept {
  const auto* call = detail::CallScope::current();
  return call != nullptr && call->training();
}

void Layer::add_loss(const Tensor& loss) {
  if (!loss.defined() || loss.size() != 1 || !is_floating(loss.dtype())) {
    detail::fail<ValueError>("Layer.add_loss", "expected a floating scalar, received {}",
                             loss.defined() ? fmt::format("{} {}", loss.dtype(), loss.shape()) : "an empty tensor");
  }
  if (detail::Trial::current() != nullptr) return;
  const Tensor wide = loss.dtype() == bfloat16 ? cast(loss, float32) : loss;
  (void)state();
  detail::LayerState::add_loss(state_, wide.rank() == 0 ? wide : reshape(wide, {}));
}

std::unique_ptr<Layer> Layer::copy() const { return nullptr; }

}  // namespace xtape