#include "onnx/export_onnx.hpp"

#include "base/check.hpp"
#include "io/atomic_file.hpp"
#include "models/functional_graph.hpp"
#include "models/own_call.hpp"
#include "onnx/graph_builder.hpp"
#include "onnx/layer_mappings.hpp"
#include "onnx/simplify.hpp"
#include "onnx/traced_call.hpp"
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

/// Of a subclassed model, from its first call.
std::vector<Port> inputs_of_call(const Model& model) {
  const LayerState& state = LayerState::of(model);
  const auto shapes = state.build_shapes();
  const auto dtypes = state.build_dtypes();
  if (shapes.empty()) {
    fail<ValueError>(method, "the model '{}' is not built yet: call it first, or build_for()", model.name());
  }
  std::vector<Port> ports;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    ports.push_back({i == 0 ? std::string("input") : fmt::format("input_{}", i),
                     i < dtypes.size() ? dtypes[i] : model.dtype_policy().compute_dtype(), shapes[i]});
  }
  return ports;
}

std::vector<Port> ports_of(const SymbolicList& inputs) {
  std::vector<Port> ports;
  for (const auto& input : inputs) ports.push_back({input.name(), input.dtype(), input.shape()});
  return ports;
}

std::vector<Port> inputs_of(const Model& model, const Model& object, bool own_call) {
  if (const FunctionalGraph* graph = object.graph()) {
    std::vector<Port> ports;
    for (const auto& port : graph->inputs()) ports.push_back({port.name, port.dtype, port.shape});
    return ports;
  }
  const GraphEnds* ends = LayerState::graph_ends(object);
  if (ends != nullptr) return ports_of(ends->inputs);
  return own_call ? inputs_of_call(model) : inputs_of_first_call(model);
}

/// The sizes of an input or output, with names for those that are not known: those of the value, otherwise "batch" and
/// names made of that of the port.
std::vector<OnnxDimension> dimensions(const std::string& port, const OnnxValue& value, bool batch_first) {
  std::vector<OnnxDimension> all;
  for (int axis = 0; axis < value.rank(); ++axis) {
    std::string name;
    if (value.shape[axis] < 0) {
      if (!value.size_names.empty()) name = value.size_names[static_cast<std::size_t>(axis)];
      if (name.empty()) name = axis == 0 && batch_first ? "batch" : fmt::format("{}_{}", port, axis);
    }
    all.push_back({value.shape[axis], name});
  }
  return all;
}

/// Names of outputs may be those of inputs, which ONNX does not allow.
std::string free_name(const std::string& wanted, std::set<std::string>& taken) {
  std::string name = wanted;
  for (int n = 1; !taken.insert(name).second; ++n) name = fmt::format("{}_{}", wanted, n);
  return name;
}

/// A file under construction, with its inputs.
class OnnxFile {
 public:
  OnnxFile(const ExportOnnxOptions& options, const std::string& model_name, const std::vector<Port>& ports)
      : options_(checked(options)), g_(options.opset, model_name) {
    for (const auto& [wanted, dtype, given] : ports) {
      OnnxValue input{free_name(wanted, taken_), OnnxBuilder::stored(dtype), given};
      if (options.batch_size && input.rank() > 0 && input.shape[0] < 0) input.shape[0] = *options.batch_size;
      g_.reserve(input.name);
      const auto sizes = dimensions(input.name, input, true);
      for (const auto& size : sizes) input.size_names.push_back(size.name);
      g_.model().inputs.push_back({input.name, input.dtype, sizes});
      inputs_.push_back(std::move(input));
    }
  }

  OnnxBuilder& builder() noexcept { return g_; }
  const OnnxValues& inputs() const noexcept { return inputs_; }

  OnnxModel finish(const OnnxValues& outputs, const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const OnnxValue& value = outputs[i];
      const std::string name = free_name(names[i], taken_);
      g_.reserve(name);
      g_.model().nodes.push_back({"Identity", name, {value.name}, {name}});
      g_.model().outputs.push_back({name, value.dtype, dimensions(name, value, !g_.has_ops())});
    }
    OnnxModel made = std::move(g_.model());
    remove_identities(made);
    remove_unused(made);
    cancel_transposes(made);
    if (options_.fold_batch_normalization) {
      fold_batch_normalization(made);
      cancel_transposes(made);
    }
    return made;
  }

 private:
  static const ExportOnnxOptions& checked(const ExportOnnxOptions& options) {
    if (options.opset < ExportOnnxOptions::min_opset || options.opset > ExportOnnxOptions::max_opset) {
      fail<ValueError>(method, "expected an opset from {} to {}, received {}", ExportOnnxOptions::min_opset,
                       ExportOnnxOptions::max_opset, options.opset);
    }
    if (options.batch_size.value_or(1) < 1) {
      fail<ValueError>(method, "expected a positive batch_size, received {}", *options.batch_size);
    }
    return options;
  }

  const ExportOnnxOptions& options_;
  OnnxBuilder g_;
  OnnxValues inputs_;
  std::set<std::string> taken_;
};

std::vector<std::string> numbered_outputs(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(i == 0 ? "output" : fmt::format("output_{}", i));
  return names;
}

}  // namespace

OnnxModel onnx_model(const Model& model, const ExportOnnxOptions& options) {
  Model handle = model;
  auto& object = dynamic_cast<Model&>(LayerState::object(handle));
  const bool own_call = has_own_call(object);
  if (!options.inputs.empty() && !own_call) {
    fail<ValueError>(method, "the model '{}' has inputs of its own: ExportOnnxOptions::inputs is for subclassed models",
                     model.name());
  }
  OnnxFile file(options, model.name(),
                options.inputs.empty() ? inputs_of(model, object, own_call) : ports_of(options.inputs));
  if (own_call) {
    const auto call = [&](const TensorList& x) { return object(x, {.training = false}); };
    const OnnxValues outputs = map_traced(file.builder(), file.inputs(), call, &object);
    return file.finish(outputs, numbered_outputs(outputs.size()));
  }
  const OnnxValues outputs = *map_model(file.builder(), object, file.inputs());
  std::vector<std::string> names = numbered_outputs(outputs.size());
  if (const FunctionalGraph* graph = object.graph()) {
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = graph->outputs()[i].name;
  } else if (const auto& stack = dynamic_cast<const Sequential&>(object); stack.size() > 0) {
    names.assign(names.size(), stack.layer(stack.size() - 1).name());
  }
  return file.finish(outputs, names);
}

OnnxModel onnx_model(const OnnxFunction& function, const SymbolicList& inputs, const ExportOnnxOptions& options) {
  if (inputs.empty()) fail<ValueError>(method, "expected at least one input");
  if (!options.inputs.empty()) fail<ValueError>(method, "the inputs are given twice: leave those in the options out");
  OnnxFile file(options, "", ports_of(inputs));
  const OnnxValues outputs = map_traced(file.builder(), file.inputs(), function);
  return file.finish(outputs, numbered_outputs(outputs.size()));
}

void export_onnx_function(const OnnxFunction& function, const SymbolicList& inputs, const std::string& path,
                          const ExportOnnxOptions& options) {
  write_file(method, path, onnx_bytes(method, onnx_model(function, inputs, options)));
}

}  // namespace detail

void Model::export_onnx(const std::string& path, const ExportOnnxOptions& options) const {
  const std::string bytes = detail::onnx_bytes(detail::OnnxBuilder::method, detail::onnx_model(*this, options));
  detail::write_file(detail::OnnxBuilder::method, path, bytes);
}

}  // namespace xtape
