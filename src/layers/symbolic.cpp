#include "xtape/layers/symbolic.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/check.hpp"
#include "core/undo.hpp"
#include "layers/graph_node.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape {
namespace detail {

GraphLayer::GraphLayer(Layer& layer) : layer_(LayerState::copy(layer)), state_(LayerState::shared(layer)) {}

GraphLayer::GraphLayer(const GraphLayer& other) : layer_(other.layer_), state_(other.state_) {
  if (CloneScope::current() == nullptr) return;
  if (layer_ == nullptr) {
    fail<ValueError>("clone", "layer '{}' of class {} cannot be copied: derive the class from LayerBase",
                     other.state_->path(), (*other).class_name());
  }
  layer_ = LayerState::copy(*other.layer_);
  state_ = LayerState::shared(*layer_);
}

Layer& GraphLayer::operator*() const {
  if (layer_ != nullptr) return *layer_;
  Layer* handle = state_->handle();
  if (handle == nullptr) {
    fail<RuntimeError>("Model",
                       "the layer '{}' of the model's graph no longer exists: keep the object as long as the model, or "
                       "derive its class from LayerBase",
                       state_->name);
  }
  return *handle;
}

std::uint64_t next_node_number() noexcept {
  static std::atomic<std::uint64_t> number{0};
  return ++number;
}

std::string symbolic_shape(const Shape& shape) {
  std::string text = "(";
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axis > 0) text += ", ";
    text += shape[axis] < 0 ? std::string("None") : std::to_string(shape[axis]);
  }
  return text + (shape.rank() == 1 ? ",)" : ")");
}

namespace {
/// The inputs of the layer that try_call is trying on the calling thread, and the zeros it is tried with.
struct ShownShapes;
constinit thread_local const ShownShapes* shown_shapes = nullptr;

struct ShownShapes {
  ShownShapes(const SymbolicList& symbolic, const TensorList& data)
      : inputs(symbolic), zeros(data), outer(std::exchange(shown_shapes, this)) {}
  ShownShapes(const ShownShapes&) = delete;
  ~ShownShapes() { shown_shapes = outer; }
  const SymbolicList& inputs;
  const TensorList& zeros;
  const ShownShapes* outer;
};

}  // namespace

std::string shown_shape(const Shape& shape) {
  for (std::size_t i = 0; shown_shapes != nullptr && i < shown_shapes->inputs.size(); ++i) {
    if (shown_shapes->zeros[i].shape() == shape) return symbolic_shape(shown_shapes->inputs[i].shape());
  }
  return shape.str();
}

}  // namespace detail

const Shape& SymbolicTensor::shape() const& { return node_->shapes[index_]; }
DType SymbolicTensor::dtype() const { return node_->dtypes[index_]; }
const std::string& SymbolicTensor::name() const& { return node_->layer->name(); }
std::string SymbolicTensor::str() const {
  return fmt::format("<SymbolicTensor shape={}, dtype={}, name={}>", detail::symbolic_shape(shape()), dtype(), name());
}

const SymbolicTensor& SymbolicList::only() const& {
  if (size() != 1) {
    detail::fail<ValueError>("SymbolicList", "expected one symbolic tensor, received {}: pick one of them by its index",
                             size());
  }
  return front();
}

namespace {

/// The node of an Input.
struct InputLayer : LayerBase<InputLayer> {
  explicit InputLayer(std::string name) : LayerBase(std::move(name), float32) { set_casts_inputs(false); }
  Tensor call(const Tensor& input) override { return input; }
};

struct Arithmetic : LayerBase<Arithmetic> {
  using Two = Tensor (*)(const Tensor&, const Tensor&);
  Arithmetic(const char* op, Two function) : apply(function) {
    detail::LayerState::of(*this).name_unless_given(op);
    set_casts_inputs(false);
  }
  TensorList call_list(const TensorList& inputs) override {
    // bfloat16 with float32 gives float32, as in Keras.
    const auto widened = [&](std::size_t i) {
      const bool mixed = inputs[i].dtype() == bfloat16 && inputs[1 - i].dtype() == float32;
      return mixed ? cast(inputs[i], float32) : inputs[i];
    };
    return apply(widened(0), widened(1));
  }
  TensorList compute_mask_list(const TensorList&, const TensorList&) override { return {}; }  // as ops do
  bool may_make_masks() const override { return false; }
  Two apply;
};

struct ArithmeticWithNumber : LayerBase<ArithmeticWithNumber> {
  ArithmeticWithNumber(const char* op, std::function<Tensor(const Tensor&)> function) : apply(std::move(function)) {
    detail::LayerState::of(*this).name_unless_given(op);
    set_casts_inputs(false);
  }
  Tensor call(const Tensor& input) override { return apply(input); }
  Tensor compute_mask(const Tensor&, const Tensor&) override { return {}; }
  bool may_make_masks() const override { return false; }
  std::function<Tensor(const Tensor&)> apply;
};

SymbolicTensor two(const char* op, Arithmetic::Two function, const SymbolicTensor& a, const SymbolicTensor& b) {
  return Arithmetic(op, function)(SymbolicList{a, b});
}
SymbolicTensor with_number(const char* op, std::function<Tensor(const Tensor&)> function, const SymbolicTensor& a) {
  return ArithmeticWithNumber(op, std::move(function))(a);
}

/// The shape with every unknown size as if the data had it.
Shape tried(const Shape& shape, int attempt) {
  Shape sizes = shape;
  for (int axis = 0; axis < sizes.rank(); ++axis) {
    // The batch small; others large enough for any window, and such that halving them still tells them apart.
    if (sizes[axis] < 0) sizes[axis] = axis == 0 ? 2 + attempt : 32 << attempt;
  }
  return sizes;
}

/// The outputs of a layer for inputs of zeros. Whatever a layer does, this finds its shapes; no rule per layer needed.
TensorList try_call(Layer& layer, const SymbolicList& inputs, int attempt) {
  const detail::NoRecording off;
  TensorList zeros_in;
  for (const auto& input : inputs) zeros_in.push_back(zeros(tried(input.shape(), attempt), input.dtype()));
  const detail::ShownShapes scope(inputs, zeros_in);
  const detail::Trial trial;
  return layer(zeros_in, {.training = false});
}

bool all_known(const SymbolicList& inputs) {
  return std::all_of(inputs.begin(), inputs.end(), [](const SymbolicTensor& input) {
    return std::all_of(input.shape().begin(), input.shape().end(), [](std::int64_t size) { return size >= 0; });
  });
}

/// Shapes of which sizes that differ are not known.
std::vector<Shape> common_shapes(const TensorList& a, const TensorList& b) {
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < a.size(); ++i) {
    Shape shape = a[i].shape();
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] != b[i].shape()[axis]) shape[axis] = -1;
    }
    shapes.push_back(shape);
  }
  return shapes;
}

}  // namespace

SymbolicList Layer::operator()(const SymbolicList& inputs) {
  if (inputs.empty()) detail::fail<ValueError>(class_name().c_str(), "expected at least one symbolic tensor");
  const auto* caller = detail::CallScope::current();
  detail::CallScope scope(false, caller == nullptr ? nullptr : caller->layer());
  const TensorList first = try_call(*this, inputs, 0);
  const TensorList second = all_known(inputs) ? first : try_call(*this, inputs, 1);
  std::vector<Shape> shapes = common_shapes(first, second);
  if (!shapes.empty()) state().set_output_shape(shapes.front());
  std::vector<DType> dtypes;
  for (const Tensor& output : first) dtypes.push_back(output.dtype());
  const std::size_t outputs = shapes.size();
  auto node = std::make_shared<detail::GraphNode>(detail::GraphNode{
      detail::GraphLayer(*this), inputs, std::move(shapes), std::move(dtypes), detail::next_node_number()});
  scope.succeed();
  SymbolicList result;
  for (std::size_t i = 0; i < outputs; ++i) result.push_back(SymbolicTensor(node, i));
  return result;
}

SymbolicTensor Layer::operator()(const SymbolicTensor& input) { return (*this)(SymbolicList(input)).only(); }

SymbolicList Layer::outputs(const SymbolicList& inputs) { return (*this)(inputs); }

Shape Layer::compute_output_shape(const Shape& input_shape) {
  if (input_shape.rank() < 1)
    detail::fail<ValueError>(class_name().c_str(), "expected the shape of a batch, received ()");
  const Shape sample(std::vector<std::int64_t>(input_shape.begin() + 1, input_shape.end()));
  return (*this)(Input(sample, {.batch_size = input_shape[0]})).shape();
}

SymbolicTensor Input(const Shape& shape, const InputOptions& options) {
  std::vector<std::int64_t> sizes{options.batch_size};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  for (const auto size : sizes) {
    if (size < -1) detail::fail<ValueError>("Input", "expected sizes of -1 (any) or more, received {}", Shape(sizes));
  }
  InputLayer layer(options.name);
  return SymbolicTensor(
      std::make_shared<detail::GraphNode>(detail::GraphNode{
          detail::GraphLayer(layer), {}, {Shape(sizes)}, {options.dtype}, detail::next_node_number()}),
      0);
}

SymbolicTensor operator+(const SymbolicTensor& a, const SymbolicTensor& b) { return two("add", add, a, b); }
SymbolicTensor operator-(const SymbolicTensor& a, const SymbolicTensor& b) { return two("subtract", subtract, a, b); }
SymbolicTensor operator*(const SymbolicTensor& a, const SymbolicTensor& b) { return two("multiply", multiply, a, b); }
SymbolicTensor operator/(const SymbolicTensor& a, const SymbolicTensor& b) { return two("divide", divide, a, b); }
SymbolicTensor operator+(const SymbolicTensor& a, double b) {
  return with_number(
      "add", [b](const Tensor& x) { return x + b; }, a);
}
SymbolicTensor operator-(const SymbolicTensor& a, double b) {
  return with_number(
      "subtract", [b](const Tensor& x) { return x - b; }, a);
}
SymbolicTensor operator*(const SymbolicTensor& a, double b) {
  return with_number(
      "multiply", [b](const Tensor& x) { return x * b; }, a);
}
SymbolicTensor operator/(const SymbolicTensor& a, double b) {
  return with_number(
      "divide", [b](const Tensor& x) { return x / b; }, a);
}
SymbolicTensor operator+(double a, const SymbolicTensor& b) { return b + a; }
SymbolicTensor operator-(double a, const SymbolicTensor& b) {
  return with_number(
      "subtract", [a](const Tensor& x) { return a - x; }, b);
}
SymbolicTensor operator*(double a, const SymbolicTensor& b) { return b * a; }
SymbolicTensor operator/(double a, const SymbolicTensor& b) {
  return with_number(
      "divide", [a](const Tensor& x) { return a / x; }, b);
}
SymbolicTensor operator-(const SymbolicTensor& a) {
  return with_number(
      "negative", [](const Tensor& x) { return -x; }, a);
}

}  // namespace xtape
