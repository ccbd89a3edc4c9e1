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

/// The nodes that lead from the given tensors to the outputs, in the order of their calls.
std::vector<const GraphNode*> nodes_between(const Tensors& given, const SymbolicList& outputs) {
  std::unordered_set<const GraphNode*> seen;
  std::vector<const GraphNode*> nodes, pending;
  const auto visit = [&](const SymbolicTensor& tensor) {
    if (given.count(key(tensor)) == 0 && seen.insert(tensor.node().get()).second)
      pending.push_back(tensor.node().get());
  };
  for (const auto& output : outputs) visit(output);
  while (!pending.empty()) {
    const GraphNode* node = pending.back();
    pending.pop_back();
    if (node->inputs.empty()) {
      fail<ValueError>("Model", "the outputs depend on the Input \"{}\", which is not among the model's inputs",
                       node->layer->name());
    }
    nodes.push_back(node);
    for (const auto& input : node->inputs) visit(input);
  }
  std::sort(nodes.begin(), nodes.end(), [](const auto* a, const auto* b) { return a->number < b->number; });
  return nodes;
}

}  // namespace

FunctionalGraph::FunctionalGraph(const SymbolicList& inputs, const SymbolicList& outputs) {
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
  for (const GraphNode* node : nodes_between(slot_of, outputs)) {
    Step step{layer_index(node->layer), {}, slots_, node->shapes, {}};
    for (const auto& input : node->inputs) step.inputs.push_back(slot_of.at(key(input)));
    for (std::size_t i = 0; i < node->shapes.size(); ++i) slot_of.emplace(std::pair(node, i), slots_++);
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

void FunctionalGraph::name_ports(const SymbolicList& inputs, const SymbolicList& outputs) {
  const auto name = [](std::vector<Port>& ports, const SymbolicList& tensors) {
    std::unordered_set<std::string> taken;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      const std::string& wanted = tensors[i].name();
      ports[i].name = wanted;
      for (int n = 1; !taken.insert(ports[i].name).second; ++n) ports[i].name = fmt::format("{}_{}", wanted, n);
    }
  };
  name(inputs_, inputs);
  name(outputs_, outputs);
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
