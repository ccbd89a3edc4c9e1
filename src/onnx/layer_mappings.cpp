#include "onnx/layer_mappings.hpp"

#include <algorithm>
#include <array>

#include "layers/op_node.hpp"
#include "models/functional_graph.hpp"
#include "models/own_call.hpp"
#include "onnx/traced_call.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::detail {

OnnxCall::OnnxCall(Layer& layer, OnnxValues inputs, std::vector<Shape> output_shapes)
    : layer_(layer), inputs_(std::move(inputs)), output_shapes_(std::move(output_shapes)) {
  if (op_description(layer) == nullptr) config_ = layer.config();
}

const Variable* OnnxCall::find(std::string_view name) const {
  for (const auto& weight : LayerState::of(layer_).weights) {
    if (weight.name == name) return &weight.variable;
  }
  return nullptr;
}

Tensor OnnxCall::weight(std::string_view name) const {
  const Variable* found = find(name);
  if (found == nullptr) {
    fail<RuntimeError>(OnnxBuilder::method, "layer '{}' ({}) has no weight \"{}\"", layer_.name(), layer_.class_name(),
                       name);
  }
  return xtape::cast(found->peek(), dtype());
}

std::string OnnxCall::weight_name(std::string_view name) const {
  const Variable* found = find(name);
  return found == nullptr ? fmt::format("{}/{}", layer_.name(), name) : found->name();
}

OnnxValue OnnxCall::with_given_mask() const {
  OnnxValue first = x();
  if (inputs_.size() > 1) first.mask = std::make_shared<const OnnxValue>(inputs_[1]);
  return first;
}

std::string OnnxCall::where() const {
  if (const auto* op = op_description(layer_)) return fmt::format("the op '{}'", op->op);
  return fmt::format("layer '{}' ({})", LayerState::of(layer_).shown_path(), layer_.class_name());
}

void OnnxCall::refuse_text(const std::string& text) const {
  fail<ValueError>(OnnxBuilder::method, "{}: {}", Whole{where()}, Whole{text});
}

const OnnxLayerMapping* find_onnx_layer(const std::string& class_name) {
  for (const auto& family :
       {onnx_core_layers(), onnx_activation_layers(), onnx_convolution_layers(), onnx_pooling_layers(),
        onnx_normalization_layers(), onnx_recurrent_layers(), onnx_attention_layers(), onnx_merging_layers(),
        onnx_reshaping_layers(), onnx_preprocessing_layers()}) {
    for (const auto& mapping : family) {
      if (class_name == mapping.class_name) return &mapping;
    }
  }
  return nullptr;
}

void complete(OnnxValue& value, const Shape& known) {
  if (value.rank() != known.rank()) {
    fail<RuntimeError>(OnnxBuilder::method,
                       "expected a result of shape {} of {}, got one of shape {}: please report it", known, value.name,
                       value.shape);
  }
  for (int axis = 0; axis < known.rank(); ++axis) {
    if (value.shape[axis] < 0) value.shape[axis] = known[axis];
  }
}

namespace {

/// The inputs in the layer's compute dtype where the layer casts them: see Layer::run.
OnnxValues cast_inputs(OnnxBuilder& g, Layer& layer, OnnxValues inputs) {
  LayerState& state = LayerState::of(layer);
  const DType to = OnnxBuilder::stored(state.policy.compute_dtype());
  if (!state.casts_inputs || !is_floating(to)) return inputs;
  bool narrow = false, wide = false;
  for (const auto& input : inputs) {
    if (!is_floating(input.dtype)) continue;
    (input.dtype == to ? narrow : wide) = true;
  }
  if (!wide || (to == float32 && !narrow && !state.narrows())) return inputs;
  for (auto& input : inputs) {
    if (is_floating(input.dtype)) input = g.cast(input, to);
  }
  return inputs;
}

OnnxValues map_graph(OnnxBuilder& g, const FunctionalGraph& graph, const OnnxValues& inputs, const Model& model) {
  if (inputs.size() != graph.inputs().size()) {
    fail<ValueError>(OnnxBuilder::method, "model '{}' expects {} input(s), received {}", model.name(),
                     graph.inputs().size(), inputs.size());
  }
  std::map<FunctionalGraph::Slot, OnnxValue> values;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& port = graph.inputs()[i];
    OnnxValue input = g.cast(inputs[i], port.dtype);
    if (input.rank() == port.shape.rank()) complete(input, port.shape);
    values.emplace(port.slot, std::move(input));
  }
  for (const auto& step : graph.steps()) {
    OnnxValues given;
    for (const auto slot : step.inputs) given.push_back(values.at(slot));
    const OnnxValues results = map_layer(g, *graph.layers()[step.layer], given, step.output_shapes);
    for (std::size_t i = 0; i < results.size(); ++i) values[step.first_output + i] = results[i];
  }
  OnnxValues outputs;
  for (const auto& output : graph.outputs()) outputs.push_back(values.at(output.slot));
  return outputs;
}

}  // namespace

std::optional<OnnxValues> map_model(OnnxBuilder& g, Layer& layer, const OnnxValues& inputs) {
  auto* model = dynamic_cast<Model*>(&layer);
  if (model == nullptr || has_own_call(*model)) return std::nullopt;
  if (model->graph() != nullptr) return map_graph(g, *model->graph(), inputs, *model);
  auto& sequential = dynamic_cast<Sequential&>(layer);
  OnnxValues x = inputs;
  for (std::size_t i = 0; i < sequential.size(); ++i) x = map_layer(g, sequential.layer(i), x);
  return x;
}

OnnxValues map_layer(OnnxBuilder& g, Layer& handle, const OnnxValues& given, const std::vector<Shape>& output_shapes) {
  Layer& layer = LayerState::object(handle);
  OnnxValues outputs;
  if (!has_onnx_mapping(layer)) {
    outputs = map_traced(g, given, [&](const TensorList& inputs) { return layer(inputs, {.training = false}); });
    // Whether the batch is still the first axis.
    const auto keeps_batch = [&](const OnnxValue& y) {
      return y.rank() > 0 && (y.shape[0] >= 0 || y.size_names.front() == given.front().size_names.front());
    };
    const bool named = !given.empty() && !given.front().size_names.empty();
    if (!named || !std::all_of(outputs.begin(), outputs.end(), keeps_batch)) g.note_op();
    for (std::size_t i = 0; i < outputs.size() && i < output_shapes.size(); ++i) complete(outputs[i], output_shapes[i]);
    return outputs;
  }
  const OnnxBuilder::Scope scope(g, layer.name());
  OnnxMasks masks = OnnxMasks::own;
  if (op_description(layer) != nullptr) {
    outputs = map_op(g, OnnxCall(layer, given, output_shapes));
    g.note_op();
    for (auto& output : outputs) output.mask = nullptr;
  } else if (auto of_model = map_model(g, layer, given)) {
    outputs = *std::move(of_model);
  } else {
    const OnnxCall call(layer, cast_inputs(g, layer, given), output_shapes);
    const auto* mapping = find_onnx_layer(layer.class_name());
    outputs = mapping->map(g, call);
    masks = mapping->masks;
    if (masks == OnnxMasks::of_input) {
      for (auto& output : outputs) output.mask = nullptr;
      if (layer.supports_masking()) outputs.front().mask = call.x().mask;
    }
  }
  for (std::size_t i = 0; i < outputs.size() && i < output_shapes.size(); ++i) complete(outputs[i], output_shapes[i]);
  return outputs;
}

}  // namespace xtape::detail
