#include "xtape/onnx/load.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "io/input_file.hpp"
#include "layers/graph_node.hpp"
#include "onnx/import_graph.hpp"

namespace xtape::onnx {
namespace {

using namespace detail;
using Graph = ImportedGraph;
using From = ImportedOperand::From;

/// Makes layers of the nodes of a graph, and a model of them.
class ModelBuilder {
 public:
  explicit ModelBuilder(const Graph& graph) : g_(graph), symbols_(graph.values().size()) {}

  Model build() {
    for (const int input : g_.inputs()) {
      const auto& value = g_.value(input);
      const SymbolicTensor symbol = make_input(free_name(value.name), value.shape, value.dtype);
      symbols_[static_cast<std::size_t>(input)] = symbol;
      inputs_.push_back(symbol);
    }
    for (const auto& port : g_.model().outputs) output_names_.push_back(free_name(port.name));
    for (const auto& node : g_.nodes()) {
      if (node.as_layer) add_layer(node);
    }
    SymbolicList outputs;
    for (std::size_t i = 0; i < output_names_.size(); ++i) outputs.push_back(output(i));
    return Model(inputs_, outputs, g_.model().name.empty() ? "onnx" : g_.model().name);
  }

 private:
  std::string free_name(const std::string& wanted) {
    std::string name = wanted.empty() ? "node" : wanted;
    for (int& n = next_[name]; !taken_.insert(name).second;) name = fmt::format("{}_{}", wanted, ++n);
    return name;
  }

  /// The name of the layer of a node: that of the output which it computes, if it computes nothing else.
  std::string layer_name(const Graph::Node& node) {
    const OnnxNode& from = *node.node;
    if (node.outputs.size() == 1) {
      const auto found = std::find(g_.outputs().begin(), g_.outputs().end(), node.outputs[0]);
      if (found != g_.outputs().end()) return output_names_[static_cast<std::size_t>(found - g_.outputs().begin())];
    }
    return free_name(from.name.empty() ? from.outputs.front() : from.name);
  }

  /// The program of a node, and the values that are the inputs of its layer.
  struct Draft {
    ImportedProgram program;
    std::vector<int> inputs;
    std::map<int, std::size_t> constants, variables, results;

    std::size_t input(int value) {
      const auto found = std::find(inputs.begin(), inputs.end(), value);
      if (found == inputs.end()) inputs.push_back(value);
      return static_cast<std::size_t>(std::find(inputs.begin(), inputs.end(), value) - inputs.begin());
    }
  };

  /// Appends the steps that compute a value on the host.
  std::size_t on_host(Draft& draft, int value) {
    const auto known = draft.results.find(value);
    if (known != draft.results.end()) return known->second;
    // Without recursion, since chains may be long: what a step needs stands before it.
    std::vector<int> pending{value};
    while (!pending.empty()) {
      const int wanted = pending.back();
      if (draft.results.contains(wanted)) {
        pending.pop_back();
        continue;
      }
      const Graph::Node& node = g_.nodes()[static_cast<std::size_t>(g_.producer(wanted))];
      bool ready = true;
      for (const int input : node.inputs) {
        if (input != Graph::none && is_computed_on_host(node, input) && !draft.results.contains(input)) {
          pending.push_back(input);
          ready = false;
        }
      }
      if (!ready) continue;
      add_step(draft, node, true);
      pending.pop_back();
    }
    return draft.results.at(value);
  }

  bool is_computed_on_host(const Graph::Node&, int input) const {
    return g_.value(input).on_host && g_.value(input).kind == Graph::Value::Kind::result;
  }

  void add_step(Draft& draft, const Graph::Node& node, bool host) {
    ImportedStep step{node.node, node.op, {}, 0, host, node.channels_last, g_.known(node)};
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      ImportedOperand operand;
      const int input = node.inputs[i];
      if (input != Graph::none) {
        const auto& value = g_.value(input);
        if (value.kind == Graph::Value::Kind::constant) {
          const auto [at, added] = draft.constants.emplace(input, draft.program.constants.size());
          if (added) draft.program.constants.push_back(value.constant);
          operand = {From::constant, at->second};
        } else if (value.kind == Graph::Value::Kind::variable) {
          const auto [at, added] = draft.variables.emplace(input, draft.program.variables.size());
          if (added) draft.program.variables.push_back(value.variable);
          operand = {From::variable, at->second};
        } else if (is_computed_on_host(node, input)) {
          operand = {From::result, on_host(draft, input)};
        } else {
          operand = {From::input, draft.input(input)};
        }
        if (i < node.to_channels_last.size()) operand.to_channels_last = node.to_channels_last[i];
      }
      step.operands.push_back(operand);
    }
    step.first_result = draft.program.results;
    draft.program.results += node.outputs.size();
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] != Graph::none) draft.results[node.outputs[i]] = step.first_result + i;
    }
    draft.program.steps.push_back(std::move(step));
  }

  void add_layer(const Graph::Node& node) {
    Draft draft{{g_.model().opset, {}, {}, {}, 0, {}}, {}, {}, {}, {}};
    add_step(draft, node, false);
    std::vector<Shape> shapes;
    std::vector<DType> dtypes;
    std::vector<int> values;
    const std::size_t first = draft.program.steps.back().first_result;
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == Graph::none) continue;
      values.push_back(node.outputs[i]);
      draft.program.outputs.push_back(first + i);
      shapes.push_back(g_.value(node.outputs[i]).shape);
      dtypes.push_back(g_.value(node.outputs[i]).dtype);
    }
    const SymbolicList made = call(layer_name(node), std::move(draft), std::move(shapes), std::move(dtypes));
    for (std::size_t i = 0; i < values.size(); ++i) symbols_[static_cast<std::size_t>(values[i])] = made[i];
  }

  /// A call of a new layer. One that needs no input gets the model's first one: a graph has no other beginning.
  SymbolicList call(std::string name, Draft draft, std::vector<Shape> shapes, std::vector<DType> dtypes) {
    std::vector<SymbolicTensor> inputs;
    for (const int input : draft.inputs) inputs.push_back(*symbols_[static_cast<std::size_t>(input)]);
    if (inputs.empty()) inputs.push_back(inputs_.front());
    ImportedLayer layer(std::move(name), std::make_shared<const ImportedProgram>(std::move(draft.program)));
    LayerState& state = LayerState::of(layer);
    state.set_built(layer);
    state.set_output_shape(shapes.front());
    return GraphNode::outputs(
        GraphNode::make(GraphLayer(layer), std::move(inputs), std::move(shapes), std::move(dtypes)));
  }

  /// An output of the model: from the layer that has its name, or one that passes it on under this name.
  SymbolicTensor output(std::size_t i) {
    const int value = g_.outputs()[i];
    const auto& of = g_.value(value);
    auto& symbol = symbols_[static_cast<std::size_t>(value)];
    if (symbol && symbol->name() == output_names_[i] && symbol->node()->shapes.size() == 1 &&
        !symbol->node()->inputs.empty()) {
      return *symbol;
    }
    const auto identity =
        std::make_shared<const OnnxNode>(OnnxNode{"Identity", output_names_[i], {of.name}, {output_names_[i]}, {}, {}});
    Draft draft{{g_.model().opset, {}, {}, {}, 0, {}}, {}, {}, {}, {}};
    add_step(draft, {identity, find_imported_op("", "Identity"), {value}, {Graph::none}}, false);
    draft.program.outputs = {draft.program.steps.back().first_result};
    const Shape shape = of.kind == Graph::Value::Kind::constant   ? of.constant.shape()
                        : of.kind == Graph::Value::Kind::variable ? of.variable.shape()
                                                                  : of.shape;
    return call(output_names_[i], std::move(draft), {shape}, {of.dtype}).only();
  }

  const Graph& g_;
  std::vector<std::optional<SymbolicTensor>> symbols_;  ///< of the values that are tensors between layers
  SymbolicList inputs_;
  std::vector<std::string> output_names_;
  std::set<std::string> taken_;
  std::map<std::string, int> next_;
};

}  // namespace

Model load(const std::string& path, const LoadOptions& options) {
  Model model = reading(Graph::method, path, [&] {
    const Graph graph(path, read_onnx(Graph::method, path), options.channels_last);
    return ModelBuilder(graph).build();
  });
  if (!options.trainable) model.set_trainable(false);
  return model;
}

}  // namespace xtape::onnx
