#include "models/functional_graph.hpp"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "base/check.hpp"
#include "models/fitted_input.hpp"
#include "xtape/core/tensor_list.hpp"

namespace xtape::detail {
namespace {

using Tensors = std::map<std::pair<const GraphNode*, std::size_t>, FunctionalGraph::Slot>;

std::pair<const GraphNode*, std::size_t> key(const SymbolicTensor& tensor) {
  return {tensor.node().get(), tensor.index()};
}

}  // namespace

FunctionalGraph::FunctionalGraph(GraphEnds ends) : ends_(std::move(ends)) {
  const auto& [inputs, outputs] = ends_;
  if (inputs.empty() || outputs.empty()) fail<ValueError>("Model", "expected at least one input and one output");
  Tensors slot_of;
  const auto layer_index = [&](const GraphLayer& layer) {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      if (layers_[i].same_as(layer)) return i;
    }
    layers_.push_back(layer);
    return layers_.size() - 1;
  };
  for (const auto& input : inputs) {
    if (!slot_of.emplace(key(input), slots_).second)
      fail<ValueError>("Model", "the input \"{}\" is given twice", input.name());
    if (input.node()->inputs.empty()) (void)layer_index(input.node()->layer);
    inputs_.push_back({slots_++, input.shape(), input.dtype(), {}});
  }
  for (const auto& node : nodes_between(ends_)) {
    Step step{layer_index(node->layer), {}, slots_, node->shapes, {}};
    for (const auto& input : node->inputs) step.inputs.push_back(slot_of.at(key(input)));
    for (std::size_t i = 0; i < node->shapes.size(); ++i) slot_of.emplace(std::pair(node.get(), i), slots_++);
    steps_.push_back(std::move(step));
  }
  for (const auto& output : outputs) {
    outputs_.push_back({slot_of.at(key(output)), output.shape(), output.dtype(), {}});
  }

  std::vector<bool> needed(slots_, false);
  for (const auto& output : outputs_) needed[output.slot] = true;
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    for (const Slot slot : step->inputs) {
      if (!needed[slot]) step->done.push_back(slot);
      needed[slot] = true;
    }
  }
}

FunctionalGraph::FunctionalGraph(const FunctionalGraph& other)
    : ends_(cloned(other.ends_)),
      layers_(other.layers_),
      steps_(other.steps_),
      inputs_(other.inputs_),
      outputs_(other.outputs_),
      slots_(other.slots_) {}

void FunctionalGraph::name_ports() {
  const auto name = [](std::vector<Port>& ports, const SymbolicList& tensors) {
    std::unordered_set<std::string> taken;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      const std::string& wanted = tensors[i].name();
      ports[i].name = wanted;
      for (int n = 1; !taken.insert(ports[i].name).second; ++n) ports[i].name = fmt::format("{}_{}", wanted, n);
    }
  };
  name(inputs_, ends_.inputs);
  name(outputs_, ends_.outputs);
}

TensorList FunctionalGraph::run(const TensorList& inputs, const std::string& model) const {
  if (inputs.size() != inputs_.size()) {
    fail<ValueError>("Model", "model \"{}\" expects {} input(s), but it received {} input tensors", model,
                     inputs_.size(), inputs.size());
  }
  xtape::Tensors values(slots_);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    values[inputs_[i].slot] = fitted_input(inputs[i], inputs_[i].shape, inputs_[i].dtype, i, model);
  }
  for (const Step& step : steps_) {
    Layer& layer = *layers_[step.layer];
    if (step.inputs.size() == 1 && step.output_shapes.size() == 1) {
      values[step.first_output] = layer(values[step.inputs[0]]);
    } else {
      TensorList given;
      for (const Slot slot : step.inputs) given.push_back(values[slot]);
      TensorList results = layer(given);
      for (std::size_t i = 0; i < step.output_shapes.size(); ++i) values[step.first_output + i] = std::move(results[i]);
    }
    for (const Slot slot : step.done) values[slot] = {};
  }
  TensorList outputs;
  for (const auto& output : outputs_) outputs.push_back(values[output.slot]);
  return outputs;
}

}  // namespace xtape::detail
