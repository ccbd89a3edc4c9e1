#include "xtape/layers/symbolic.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <unordered_set>
#include <utility>

#include "base/check.hpp"
#include "core/shapes_only.hpp"
#include "core/undo.hpp"
#include "layers/graph_node.hpp"
#include "layers/op_node.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape {
namespace detail {

GraphLayer::GraphLayer(Layer& layer)
    : layer_(LayerState::copy(layer)), state_(LayerState::shared(layer_ == nullptr ? layer : *layer_)) {}

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

std::shared_ptr<GraphNode> GraphNode::make(GraphLayer layer, std::vector<SymbolicTensor> inputs,
                                           std::vector<Shape> shapes, std::vector<DType> dtypes) {
  static std::atomic<std::uint64_t> number{0};
  auto node = std::make_shared<GraphNode>(
      GraphNode{std::move(layer), std::move(inputs), std::move(shapes), std::move(dtypes), ++number});
  node->layer.state().add_node(node);
  return node;
}

SymbolicList GraphNode::outputs(const std::shared_ptr<GraphNode>& node) {
  SymbolicList all;
  for (std::size_t i = 0; i < node->shapes.size(); ++i) all.push_back(output(node, i));
  return all;
}

std::vector<std::shared_ptr<GraphNode>> nodes_between(const GraphEnds& ends) {
  std::unordered_set<const GraphNode*> seen;
  std::vector<std::shared_ptr<GraphNode>> nodes, pending;
  const auto visit = [&](const SymbolicTensor& tensor) {
    const bool given = std::find(ends.inputs.begin(), ends.inputs.end(), tensor) != ends.inputs.end();
    if (!given && seen.insert(tensor.node().get()).second) pending.push_back(tensor.node());
  };
  for (const auto& output : ends.outputs) visit(output);
  while (!pending.empty()) {
    const std::shared_ptr<GraphNode> node = pending.back();
    pending.pop_back();
    if (node->inputs.empty()) {
      fail<ValueError>("Model", "the outputs depend on the Input \"{}\", which is not among the model's inputs",
                       node->layer->name());
    }
    nodes.push_back(node);
    for (const auto& input : node->inputs) visit(input);
  }
  std::sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a->number < b->number; });
  return nodes;
}

namespace {

/// The node of an Input.
struct InputLayer : LayerBase<InputLayer> {
  explicit InputLayer(std::string name) : LayerBase(std::move(name), float32) { set_casts_inputs(false); }
  Tensor call(const Tensor& input) override { return input; }
};

}  // namespace

SymbolicTensor make_input(const std::string& name, const Shape& shape, DType dtype) {
  InputLayer layer(name);
  return GraphNode::output(GraphNode::make(GraphLayer(layer), {}, {shape}, {dtype}), 0);
}

GraphEnds cloned(const GraphEnds& ends) {
  std::map<std::pair<const GraphNode*, std::size_t>, SymbolicTensor> copies;
  const auto copy_of = [&](const SymbolicTensor& t) { return copies.at({t.node().get(), t.index()}); };
  GraphEnds result;
  for (const auto& input : ends.inputs) {
    // A tensor that is computed outside the model becomes an Input of the copy.
    const bool computed = !input.node()->inputs.empty();
    const auto node = computed ? nullptr : GraphNode::make(input.node()->layer, {}, {input.shape()}, {input.dtype()});
    const SymbolicTensor copy = computed ? make_input("", input.shape(), input.dtype()) : GraphNode::output(node, 0);
    copies.emplace(std::pair(input.node().get(), input.index()), copy);
    result.inputs.push_back(copy);
  }
  for (const auto& node : nodes_between(ends)) {
    std::vector<SymbolicTensor> inputs;
    for (const auto& input : node->inputs) inputs.push_back(copy_of(input));
    const auto copy = GraphNode::make(node->layer, std::move(inputs), node->shapes, node->dtypes);
    for (std::size_t i = 0; i < node->shapes.size(); ++i) {
      copies.emplace(std::pair(node.get(), i), GraphNode::output(copy, i));
    }
  }
  for (const auto& output : ends.outputs) result.outputs.push_back(copy_of(output));
  return result;
}

std::string symbolic_shape(const Shape& shape) {
  std::string text = "(";
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axis > 0) text += ", ";
    text += shape[axis] < 0 ? std::string("None") : std::to_string(shape[axis]);
  }
  return text + (shape.rank() == 1 ? ",)" : ")");
}

/// The symbolic inputs of the layer that try_call() calls on this thread, and the tensors that stand for them.
struct ShownShapes {
  ShownShapes(const SymbolicList& symbolic, const TensorList& data) : inputs(symbolic), tensors(data) {
    layer_thread.shown_shapes = this;
  }
  const SymbolicList& inputs;
  const TensorList& tensors;
  const LayerThreadScope before;
};

std::string shown_shape(const Shape& shape) {
  const ShownShapes* const tried = layer_thread.shown_shapes;
  for (std::size_t i = 0; tried != nullptr && i < tried->inputs.size(); ++i) {
    if (tried->tensors[i].shape() == shape) return symbolic_shape(tried->inputs[i].shape());
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

/// The shape with assumed numbers for unknown sizes.
Shape tried(const Shape& shape, int attempt) {
  Shape sizes = shape;
  for (int axis = 0; axis < sizes.rank(); ++axis) {
    // A small batch. Other sizes are large enough for usual windows, and differ between the attempts even after several
    // halvings.
    if (sizes[axis] < 0) sizes[axis] = axis == 0 ? 2 + attempt : 32 << attempt;
  }
  return sizes;
}

/// The outputs of a layer for inputs with assumed sizes; `make` makes an input from a shape and a dtype.
template <class Make>
TensorList call_on(Layer& layer, const SymbolicList& inputs, int attempt, const Make& make) {
  TensorList tensors;
  for (const auto& input : inputs) tensors.push_back(make(tried(input.shape(), attempt), input.dtype()));
  const detail::ShownShapes scope(inputs, tensors);
  return layer(tensors, {.training = false});
}

/// Tensors with the shapes of the outputs, found by calling the layer, so that no layer needs a rule for shapes.
TensorList try_call(Layer& layer, const SymbolicList& inputs, int attempt) {
  const detail::NoRecording off;
  const detail::Trial trial;
  try {
    const detail::ShapesOnly without_elements;
    return call_on(layer, inputs, attempt,
                   [](const Shape& shape, DType dtype) { return detail::make_tensor(shape, dtype, "Input"); });
  } catch (const detail::LooksAtElements&) {
    if (detail::is_op_node(layer)) throw;           // the shape of an op's result would depend on the zeros
    return call_on(layer, inputs, attempt, zeros);  // the layer needs elements
  }
}

bool all_known(const SymbolicList& inputs) {
  return std::all_of(inputs.begin(), inputs.end(), [](const SymbolicTensor& input) {
    return std::all_of(input.shape().begin(), input.shape().end(), [](std::int64_t size) { return size >= 0; });
  });
}

/// The shapes of the outputs, with sizes that differ between the attempts unknown.
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

SymbolicTensor SymbolicTensor::operator[](const IndexItem& item) const { return xtape::index(*this, {item}); }
SymbolicTensor SymbolicTensor::operator[](std::initializer_list<IndexItem> items) const {
  return xtape::index(*this, items);
}

SymbolicList Layer::operator()(const SymbolicList& inputs) const {
  auto& self = const_cast<Layer&>(*this);
  if (inputs.empty()) detail::fail<ValueError>(class_name().c_str(), "expected at least one symbolic tensor");
  const auto* caller = detail::CallScope::current();
  detail::CallScope scope(false, caller == nullptr ? nullptr : caller->layer());
  const TensorList first = try_call(self, inputs, 0);
  const TensorList second = all_known(inputs) ? first : try_call(self, inputs, 1);
  std::vector<Shape> shapes = common_shapes(first, second);
  if (!shapes.empty()) state().set_output_shape(shapes.front());
  std::vector<DType> dtypes;
  for (const Tensor& output : first) dtypes.push_back(output.dtype());
  const auto node = detail::GraphNode::make(detail::GraphLayer(self), inputs, std::move(shapes), std::move(dtypes));
  scope.succeed();
  return detail::GraphNode::outputs(node);
}

SymbolicTensor Layer::operator()(const SymbolicTensor& input) const { return (*this)(SymbolicList(input)).only(); }

SymbolicList Layer::outputs(const SymbolicList& inputs) const { return (*this)(inputs); }

namespace {
std::shared_ptr<detail::GraphNode> only_node(const Layer& layer, const char* asked) {
  const auto nodes = detail::LayerState::of(layer).nodes();
  if (nodes.size() != 1) {
    detail::fail<RuntimeError>(
        asked, "expected one call of the layer '{}' with symbolic tensors that is in use, there are {}{}", layer.name(),
        nodes.size(), nodes.empty() ? "" : ": take what they have returned");
  }
  return nodes.front();
}
}  // namespace

SymbolicList Layer::inputs() const {
  if (const auto* ends = graph_ends()) return ends->inputs;
  const auto node = only_node(*this, "Layer.input");
  return node->inputs.empty() ? detail::GraphNode::outputs(node) : SymbolicList(node->inputs);
}

SymbolicList Layer::outputs() const {
  if (const auto* ends = graph_ends()) return ends->outputs;
  return detail::GraphNode::outputs(only_node(*this, "Layer.output"));
}

SymbolicTensor Layer::input() const { return inputs().only(); }
SymbolicTensor Layer::output() const { return outputs().only(); }

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
  return detail::make_input(options.name, Shape(sizes), options.dtype);
}

}  // namespace xtape
