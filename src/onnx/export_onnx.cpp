#include "onnx/export_onnx.hpp"

#include "base/check.hpp"
#include "io/atomic_file.hpp"
#include "models/functional_graph.hpp"
#include "onnx/graph_builder.hpp"
#include "onnx/layer_mappings.hpp"
#include "onnx/simplify.hpp"
#include "xtape/models/sequential.hpp"

namespace xtape {
namespace detail {
namespace {

constexpr const char* method = OnnxBuilder::method;

struct Port {
  std::string name;
  DType dtype;
  Shape shape;
};

/// The inputs of a Sequential without an Input, from its first call.
std::vector<Port> inputs_of_first_call(const Model& model) {
  const auto shapes = LayerState::of(model).build_shapes();
  if (shapes.empty()) {
    fail<ValueError>(method, "the model '{}' is not built yet: call it first, or build_for()", model.name());
  }
  const Layer* first = &model;
  while (const auto* sequential = dynamic_cast<const Sequential*>(first)) {
    if (sequential->size() == 0) break;
    first = &sequential->layer(0);
  }
  const std::string kind = first->class_name();
  const auto* inner = dynamic_cast<const Model*>(first);
  const DType dtype = inner != nullptr && inner->graph() != nullptr       ? inner->graph()->inputs().front().dtype
                      : kind == "Embedding" || kind == "CategoryEncoding" ? int32
                                                                          : first->dtype_policy().compute_dtype();
  std::vector<Port> ports;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    ports.push_back({i == 0 ? std::string("input") : fmt::format("input_{}", i), dtype, shapes[i]});
  }
  return ports;
}

std::vector<Port> inputs_of(const Model& model, Layer& object) {
  std::vector<Port> ports;
  if (const FunctionalGraph* graph = dynamic_cast<const Model&>(object).graph()) {
    for (const auto& port : graph->inputs()) ports.push_back({port.name, port.dtype, port.shape});
  } else if (const auto* sequential = dynamic_cast<const Sequential*>(&object)) {
    try {
      for (const auto& input : sequential->inputs()) ports.push_back({input.name(), input.dtype(), input.shape()});
    } catch (const RuntimeError&) {  // no Input
      ports = inputs_of_first_call(model);
    }
  }
  return ports;
}

std::vector<OnnxDimension> dimensions(const std::string& port, const Shape& shape, bool batch_first) {
  std::vector<OnnxDimension> all;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool batch = axis == 0 && batch_first;
    all.push_back({shape[axis], shape[axis] >= 0 ? "" : batch ? "batch" : fmt::format("{}_{}", port, axis)});
  }
  return all;
}

/// Names of outputs may be those of inputs, which ONNX does not allow.
std::string free_name(const std::string& wanted, std::set<std::string>& taken) {
  std::string name = wanted;
  for (int n = 1; !taken.insert(name).second; ++n) name = fmt::format("{}_{}", wanted, n);
  return name;
}

}  // namespace

OnnxModel onnx_model(const Model& model, const ExportOnnxOptions& options) {
  if (options.opset < ExportOnnxOptions::min_opset || options.opset > ExportOnnxOptions::max_opset) {
    fail<ValueError>(method, "expected an opset from {} to {}, received {}", ExportOnnxOptions::min_opset,
                     ExportOnnxOptions::max_opset, options.opset);
  }
  if (options.batch_size.value_or(1) < 1) {
    fail<ValueError>(method, "expected a positive batch_size, received {}", *options.batch_size);
  }
  Model handle = model;
  Layer& object = LayerState::object(handle);
  OnnxBuilder g(options.opset, model.name());
  std::set<std::string> taken;
  OnnxValues inputs;
  for (auto& [wanted, dtype, given] : inputs_of(model, object)) {
    Shape shape = given;
    if (options.batch_size && shape.rank() > 0 && shape[0] < 0) shape[0] = *options.batch_size;
    const std::string name = free_name(wanted, taken);
    g.reserve(name);
    inputs.push_back({name, OnnxBuilder::stored(dtype), shape});
    g.model().inputs.push_back({name, inputs.back().dtype, dimensions(name, shape, true)});
  }
  const auto outputs = map_model(g, object, inputs);
  if (!outputs) {  // names the class
    (void)map_layer(g, object, inputs);
  }
  const FunctionalGraph* graph = dynamic_cast<const Model&>(object).graph();
  const auto* sequential = dynamic_cast<const Sequential*>(&object);
  for (std::size_t i = 0; i < outputs->size(); ++i) {
    const OnnxValue& value = (*outputs)[i];
    std::string wanted = graph != nullptr ? graph->outputs()[i].name
                         : sequential != nullptr && sequential->size() > 0
                             ? sequential->layer(sequential->size() - 1).name()
                             : "output";
    const std::string name = free_name(wanted, taken);
    g.reserve(name);
    g.model().nodes.push_back({"Identity", name, {value.name}, {name}});
    g.model().outputs.push_back({name, value.dtype, dimensions(name, value.shape, !g.has_ops())});
  }
  OnnxModel made = std::move(g.model());
  remove_identities(made);
  remove_unused(made);
  cancel_transposes(made);
  if (options.fold_batch_normalization) {
    fold_batch_normalization(made);
    cancel_transposes(made);
  }
  return made;
}

}  // namespace detail

void Model::export_onnx(const std::string& path, const ExportOnnxOptions& options) const {
  const std::string bytes = detail::onnx_bytes(detail::OnnxBuilder::method, detail::onnx_model(*this, options));
  detail::write_file(detail::OnnxBuilder::method, path, bytes);
}

}  // namespace xtape
