#include "models/own_call.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <typeinfo>

#include "base/check.hpp"
#include "core/shapes_only.hpp"
#include "core/undo.hpp"
#include "layers/called_layer.hpp"
#include "layers/layer_state.hpp"
#include "models/functional_graph.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::detail {
namespace {

struct Port {
  Shape shape;
  DType dtype;
};

std::vector<Port> ports_of(const Model& model) {
  std::vector<Port> ports;
  if (const FunctionalGraph* graph = model.graph()) {
    for (const auto& input : graph->inputs()) ports.push_back({input.shape, input.dtype});
  } else if (const GraphEnds* ends = LayerState::graph_ends(model)) {
    for (const auto& input : ends->inputs) ports.push_back({input.shape(), input.dtype()});
  } else {
    const LayerState& state = LayerState::of(model);
    const auto shapes = state.build_shapes();
    const auto dtypes = state.build_dtypes();
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      ports.push_back({shapes[i], i < dtypes.size() ? dtypes[i] : model.dtype_policy().compute_dtype()});
    }
  }
  for (auto& port : ports) {
    for (int axis = 0; axis < port.shape.rank(); ++axis) {
      if (port.shape[axis] < 0) port.shape[axis] = axis == 0 ? 2 : 32;
    }
  }
  return ports;
}

/// Follows the calls that a call of the model has made.
class Calls {
 public:
  explicit Calls(const std::vector<CallNote>& notes) {
    for (const CallNote& note : notes) {
      if (note.called != nullptr) layers_.push_back(&note);
    }
  }
  /// The results of the next call, if it is one of that layer with these inputs.
  const Tensors* next(const Layer& layer, const Tensors& inputs) {
    if (at_ == layers_.size()) return nullptr;
    const CallNote& note = *layers_[at_++];
    const auto& called = static_cast<const CalledLayer&>(*note.called);
    const bool same = &called.layer.state() == &LayerState::of(layer) && !called.options.training &&
                      std::equal(note.operands.begin(), note.operands.end(), inputs.begin(), inputs.end(),
                                 [](const Tensor& a, const Tensor& b) { return a.is_same(b); });
    return same ? &note.results : nullptr;
  }
  bool finished() const { return at_ == layers_.size(); }

 private:
  std::vector<const CallNote*> layers_;
  std::size_t at_ = 0;
};

/// What the layers of the model compute, found in the calls; nothing if they are not called in this way.
std::optional<Tensors> computed_by_layers(const Model& model, const Tensors& inputs, Calls& calls) {
  if (const FunctionalGraph* graph = model.graph()) {
    std::map<FunctionalGraph::Slot, Tensor> values;
    for (std::size_t i = 0; i < inputs.size(); ++i) values.emplace(graph->inputs()[i].slot, inputs[i]);
    for (const auto& step : graph->steps()) {
      Tensors given;
      for (const auto slot : step.inputs) given.push_back(values.at(slot));
      const Tensors* results = calls.next(*graph->layers()[step.layer], given);
      if (results == nullptr) return std::nullopt;
      for (std::size_t i = 0; i < results->size(); ++i) values.insert_or_assign(step.first_output + i, (*results)[i]);
    }
    Tensors outputs;
    for (const auto& output : graph->outputs()) outputs.push_back(values.at(output.slot));
    return outputs;
  }
  const auto& sequential = dynamic_cast<const Sequential&>(model);
  Tensors x = inputs;
  for (std::size_t i = 0; i < sequential.size(); ++i) {
    const Tensors* results = calls.next(sequential.layer(i), x);
    if (results == nullptr) return std::nullopt;
    x = *results;
  }
  return x;
}

bool computes_by_layers(Model& model) {
  const auto ports = ports_of(model);
  if (ports.empty()) return true;
  CallNotes notes;
  TensorList inputs, outputs;
  try {
    const NoRecording off;
    const Trial trial;
    const ShapesOnly shapes(&notes);
    for (const auto& port : ports) inputs.push_back(make_tensor(port.shape, port.dtype, "Input"));
    outputs = model(inputs, {.training = false});
  } catch (const Error&) {
    return false;
  }
  Calls calls(notes.all().front().inner);
  const auto computed = computed_by_layers(model, inputs, calls);
  return computed && calls.finished() &&
         std::equal(computed->begin(), computed->end(), outputs.begin(), outputs.end(),
                    [](const Tensor& a, const Tensor& b) { return a.is_same(b); });
}

}  // namespace

bool has_own_call(const Model& model) {
  auto& object = dynamic_cast<Model&>(LayerState::object(const_cast<Model&>(model)));
  if (typeid(object) == typeid(Sequential)) return false;
  if (object.graph() == nullptr && dynamic_cast<const Sequential*>(&object) == nullptr) return true;
  return typeid(object) != typeid(Model) && !computes_by_layers(object);
}

void expect_no_own_call(const Model& model) {
  if (!has_own_call(model)) return;
  fail<ValueError>(
      "Model.config",
      "the model '{}' of class {} computes by a call() of its own, not by its layers alone, which a config "
      "cannot say: save its weights, export_onnx() it, or give the class a config() of its own and "
      "register it by register_serializable",
      model.name(), class_of(typeid(model)));
}

}  // namespace xtape::detail
