#include "xtape/layers/layer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.hpp"
#include "core/traced_context.hpp"
#include "core/undo.hpp"
#include "layers/autocast.hpp"
#include "layers/called_layer.hpp"
#include "layers/graph_node.hpp"
#include "layers/layer_state.hpp"
#include "ops/in_float32.hpp"
#include "tape/untrained_variables.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape {

Layer::Layer(std::string name, DTypePolicy dtype)
    : state_(std::make_shared<detail::LayerState>()), thread_(&detail::layer_thread), bound_(0) {
  state_->policy = dtype;
  if (!name.empty()) set_name(std::move(name));
  state_->add_handle(*this);
}

Layer::Layer(const Layer& other) : state_(other.state_), thread_(&detail::layer_thread), bound_(0) {
  if (state_ == nullptr) return;
  if (auto* clones = detail::CloneScope::current()) {
    (void)other.name();
    state_ = clones->copy_of(state_);
    state_->add_handle(*this);
  } else {
    state_->add_handle(*this, &other);
  }
}

Layer::Layer(Layer&& other) noexcept : state_(std::move(other.state_)), thread_(&detail::layer_thread), bound_(0) {
  if (state_ != nullptr) state_->replace_handle(other, *this);
}

Layer& Layer::operator=(const Layer& other) {
  if (state_ == other.state_ && detail::CloneScope::current() == nullptr) {
    bound_ = other.bound_.load();
  } else if (this != &other) {
    *this = Layer(other);
  }
  return *this;
}

Layer& Layer::operator=(Layer&& other) noexcept {
  if (this == &other) return *this;
  if (state_ != nullptr) state_->remove_handle(*this);
  state_ = std::move(other.state_);
  thread_ = &detail::layer_thread;
  if (state_ != nullptr) state_->replace_handle(other, *this);
  return *this;
}

Layer::~Layer() {
  if (state_ != nullptr) state_->remove_handle(*this);
}

detail::LayerState& Layer::state() const {
  if (state_ == nullptr) detail::fail<RuntimeError>("Layer", "the layer has been moved from");
  return *state_;
}

namespace {

std::span<const Tensor> span_of(const Tensor& tensor) { return {&tensor, 1}; }
std::span<const Tensor> span_of(const TensorList& tensors) { return tensors; }
std::span<Tensor> span_of(Tensor& tensor) { return {&tensor, 1}; }
std::span<Tensor> span_of(TensorList& tensors) { return tensors; }

std::string shown(std::span<const Tensor> inputs) {
  std::string shapes;
  for (const Tensor& input : inputs) {
    shapes += shapes.empty() ? "" : ", ";
    shapes += input.defined() ? detail::shown_shape(input.shape()) : "(none)";
  }
  return (inputs.size() == 1 ? "called with an input of shape " : "called with inputs of shapes ") + shapes;
}

bool any_masked(std::span<const Tensor> inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [](const Tensor& input) { return detail::has_mask(input); });
}

/// Whether a layer's inputs are cast to its compute dtype. If one has to be cast, all are.
bool to_be_cast(detail::LayerState& layer, std::span<const Tensor> inputs) {
  const DType to = layer.policy.compute_dtype();
  if (!layer.casts_inputs || !is_floating(to)) return false;
  bool narrow = false, wide = false;
  for (const Tensor& input : inputs) {
    if (!input.defined() || !is_floating(input.dtype())) continue;
    if (input.dtype() == float64 && to == float32) {
      wide = true;
    } else if (input.dtype() != to) {
      return true;
    } else {
      narrow = true;
    }
  }
  return wide && (narrow || layer.narrows());
}

template <class Inputs>
Inputs in_compute_dtype(const detail::LayerState& layer, Inputs inputs) {
  for (Tensor& input : span_of(inputs)) {
    if (!input.defined() || !is_floating(input.dtype())) continue;
    const Tensor narrow = cast(input, layer.policy.compute_dtype());
    if (!narrow.is_same(input)) input = detail::masked_like(input, narrow);
  }
  return inputs;
}

/// The shape that a summary shows for the first call: the batch is an unknown size.
Shape typical_shape(std::span<const Tensor> inputs, const Tensor& output) {
  Shape shape = output.shape();
  if (!inputs.empty() && inputs[0].rank() > 0 && shape.rank() > 0 && inputs[0].shape()[0] == shape[0]) shape[0] = -1;
  return shape;
}

}  // namespace

template <class Inputs, class F>
auto Layer::run(const Inputs& inputs, CallOptions options, F&& compute) {
  detail::LayerState& own = state();
  detail::CallScope scope(options.training, &own);
  const auto where = [&] { return "in layer '" + own.shown_path() + "', " + shown(span_of(inputs)); };
  const auto forget_losses = [&] {
    if (detail::LayerState::losses_in_use.load(std::memory_order_relaxed) && scope.outermost()) own.clear_losses();
  };
  try {
    const std::uint64_t bound = bound_.load(std::memory_order_acquire);
    if (bound == 0 || bound != own.settled.load(std::memory_order_acquire)) [[unlikely]] {
      std::vector<Shape> shapes;
      for (const Tensor& input : span_of(inputs)) shapes.push_back(input.shape());
      prepare(shapes);
      own.set_build_dtypes(span_of(inputs));
    }
    forget_losses();
    auto output = [&] {
      std::optional<detail::TracedContext> traced;
      if (detail::thread_state.tracer != nullptr) [[unlikely]]
        traced.emplace(where());
      std::optional<detail::AutocastScope> reading;
      const DTypePolicy policy = own.policy;
      if (policy.compute_dtype() != policy.variable_dtype()) reading.emplace(policy.compute_dtype());
      const auto computed = [&](const Inputs& given) {
        auto result = compute(given);
        if (own.may_make_masks.load(std::memory_order_relaxed) || any_masked(span_of(given))) [[unlikely]]
          give_masks(span_of(given), span_of(result));
        return result;
      };
      return to_be_cast(own, span_of(inputs)) ? computed(in_compute_dtype(own, inputs)) : computed(inputs);
    }();
    const std::span<const Tensor> outputs = span_of(std::as_const(output));
    if (!own.has_output_shape.load(std::memory_order_acquire) && !outputs.empty() && outputs[0].defined())
      own.set_output_shape(typical_shape(span_of(inputs), outputs[0]));
    if (own.activity_regularizer) {
      for (const Tensor& each : outputs) {
        // The mean over the batch, as in Keras.
        const std::int64_t batch = each.rank() > 0 ? each.shape()[0] : 1;
        if (batch > 0) add_loss(own.activity_regularizer(each) / static_cast<double>(batch));
      }
    }
    if (const auto* outer = scope.outer(); outer != nullptr && outer->layer() != nullptr) {
      if (!own.known_in(*outer->layer())) own.called_in(scope);
    }
    if (options.training == false) {
      if (auto* const untrained = detail::UntrainedVariables::current()) untrained->leave_out(own.lists().all);
    }
    scope.succeed();
    return output;
  } catch (Error& error) {
    forget_losses();
    error.add_context(where());
    throw;
  } catch (...) {
    forget_losses();
    throw;
  }
}

// What a call changes is the layer, not its handle: members that build() sets are the same in all handles.
Tensor Layer::operator()(const Tensor& input, CallOptions options) const {
  auto& self = const_cast<Layer&>(*this);
  if (detail::noting()) [[unlikely]]
    return detail::note_call(self, input, options, [&] { return self(input, options); });
  return self.run(input, options, [&](const Tensor& x) { return self.call(x); });
}

TensorList Layer::operator()(const TensorList& inputs, CallOptions options) const {
  auto& self = const_cast<Layer&>(*this);
  if (detail::noting()) [[unlikely]]
    return detail::note_call(self, inputs, options, [&] { return self(inputs, options); });
  return self.run(inputs, options, [&](const TensorList& xs) { return self.call_list(xs); });
}

// The defaults of call() and call_list() call each other. If both are defaults, the class has no call.
Tensor Layer::call(const Tensor& input) {
  const detail::LayerThreadScope before;
  detail::layer_thread.asking = this;
  return call_list(input).only();
}

TensorList Layer::call_list(const TensorList& inputs) {
  if (detail::layer_thread.asking == this) {
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

Config Layer::config() const {
  std::vector<Config::Entry> entries{{"name", name()}, {"trainable", trainable()}, {"dtype", dtype_policy()}};
  if (const auto& description = state().description) {
    const auto options = description->options();
    entries.insert(entries.end(), description->arguments.begin(), description->arguments.end());
    std::copy_if(options.begin(), options.end(), std::back_inserter(entries),
                 [](const auto& option) { return option.first != "name" && option.first != "dtype"; });
  }
  return detail::config_of_class(typeid(*this), std::move(entries));
}

void Layer::describe_by(std::shared_ptr<const detail::Description> description) {
  state().description = std::move(description);
}

ConfigValue config_value(const Tensor& tensor) {
  if (!tensor.defined()) return {};
  return Config("Tensor", {{"dtype", fmt::format("{}", tensor.dtype())},
                           {"shape", tensor.shape()},
                           {"elements", cast(tensor, float64).to_vector<double>()}});
}

Tensor from_config_value(const ConfigValue& value, Tensor*) {
  if (value.is_none()) return {};
  const auto* config = value.get<Config>();
  if (config == nullptr || !config->contains("shape")) {
    // Keras writes {"class_name": "__tensor__", "config": {"value": [...], "dtype": "float32"}}, or a list of lists.
    std::vector<double> elements;
    std::vector<std::int64_t> sizes;
    const auto collect = [&](const auto& self, const ConfigValue& part, std::size_t depth) -> void {
      if (part.get<double>() != nullptr || part.get<std::int64_t>() != nullptr) {
        if (depth != sizes.size()) detail::fail_config("lists of equal lengths", value);
        elements.push_back(detail::number_of(part));
        return;
      }
      const auto list = detail::list_of(part);
      if (depth == sizes.size() && elements.empty()) sizes.push_back(static_cast<std::int64_t>(list.size()));
      if (depth >= sizes.size() || sizes[depth] != static_cast<std::int64_t>(list.size())) {
        detail::fail_config("lists of equal lengths", value);
      }
      for (const auto& element : list) self(self, element, depth + 1);
    };
    collect(collect, config == nullptr ? value : (*config)["value"], 0);
    const bool typed = config != nullptr && config->contains("dtype");
    const DType dtype = typed ? DTypePolicy::from_config((*config)["dtype"]).variable_dtype() : float32;
    return cast(constant(elements, Shape(sizes)), dtype);
  }
  const auto elements = detail::value_as<std::vector<double>>((*config)["elements"]);
  const auto shape = detail::value_as<std::vector<std::int64_t>>((*config)["shape"]);
  const DTypePolicy dtype(detail::text_of((*config)["dtype"]));
  return cast(constant(elements, Shape(shape)), dtype.variable_dtype());
}

DTypePolicy Layer::dtype_policy() const { return state().policy; }
void Layer::set_dtype_policy(DTypePolicy policy) { state().policy = policy; }
DType Layer::compute_dtype() const { return state().policy.compute_dtype(); }
void Layer::set_casts_inputs(bool casts) { state().casts_inputs = casts; }

bool Layer::built() const noexcept { return state_ != nullptr && state_->built(); }
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
  const Tensor wide = detail::widened(loss);
  (void)state();
  detail::LayerState::add_loss(state_, wide.rank() == 0 ? wide : reshape(wide, {}));
}

}  // namespace xtape