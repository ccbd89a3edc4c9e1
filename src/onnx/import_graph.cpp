#include "onnx/import_graph.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "core/shapes_only.hpp"
#include "core/undo.hpp"
#include "io/file_tensor.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::detail {

using Kind = ImportedGraph::Value::Kind;

ImportedGraph::ImportedGraph(std::string path, OnnxModel model, bool channels_last)
    : path_(std::move(path)), model_(std::move(model)) {
  find_values();
  find_ops();
  check_inputs();
  mark_host();
  choose_weights();
  const Trial trial;
  const NoRecording off;
  fold();
  find_shapes();
  keep_small_on_host();
  if (channels_last) order_channels_last(*this);
  mark_needed();
}

std::string ImportedGraph::shown_node(const OnnxNode& node) {
  std::string name = node.name;
  if (name.empty()) {
    for (const auto& output : node.outputs) name = name.empty() ? output : name;
  }
  return fmt::format("node '{}' ({})", shown(name), shown(node.op));
}

int ImportedGraph::add_value(Value value) {
  values_.push_back(std::move(value));
  producers_.push_back(none);
  return static_cast<int>(values_.size()) - 1;
}

/// Gives numbers to the values, which nodes refer to by name.
void ImportedGraph::find_values() {
  std::unordered_map<std::string, int> known;
  const auto define = [&](const char* what, Value value) {
    const std::string name = value.name;
    const int index = add_value(std::move(value));
    if (!known.emplace(name, index).second) refuse("{} '{}': another value has the same name", what, name);
    return index;
  };
  for (auto& [name, tensor] : model_.initializers) {
    if (name.empty()) refuse("an initializer has no name");
    define("initializer", {name, Kind::constant, std::move(tensor)});
  }
  model_.initializers.clear();
  for (const auto& port : model_.inputs) {
    if (!port.has_shape) refuse("input '{}': expected a shape, whose sizes may be open", port.name);
    inputs_.push_back(define("input", {port.name, Kind::input}));
    at(inputs_.back()).dtype = port.dtype;
  }
  std::unordered_set<std::string> later;
  for (const auto& node : model_.nodes) later.insert(node.outputs.begin(), node.outputs.end());
  const auto find = [&](const std::string& name, const std::string& asks) {
    const auto found = known.find(name);
    if (found != known.end()) return found->second;
    if (later.contains(name)) {
      refuse("{} uses '{}', which is computed only later: expected the nodes in an order in which they can run", asks,
             name);
    }
    refuse("{} uses '{}', which is neither an input, an initializer nor the result of a node", asks, name);
  };
  for (auto& each : model_.nodes) {
    while (!each.inputs.empty() && each.inputs.back().empty()) each.inputs.pop_back();
    Node node{std::make_shared<OnnxNode>(std::move(each)), nullptr, {}, {}};
    const std::string shown = shown_node(*node.node);
    for (const auto& input : node.node->inputs) node.inputs.push_back(input.empty() ? none : find(input, shown));
    for (const auto& output : node.node->outputs) {
      node.outputs.push_back(output.empty() ? none : define(shown.c_str(), {output, Kind::result}));
    }
    for (const int output : node.outputs) {
      if (output != none) producers_[static_cast<std::size_t>(output)] = static_cast<int>(nodes_.size());
    }
    if (std::count(node.outputs.begin(), node.outputs.end(), none) ==
        static_cast<std::ptrdiff_t>(node.outputs.size())) {
      continue;  // nobody can ask for its results
    }
    nodes_.push_back(std::move(node));
  }
  model_.nodes.clear();
  for (const auto& port : model_.outputs)
    outputs_.push_back(find(port.name, fmt::format("output '{}'", shown(port.name))));
  if (inputs_.empty() || outputs_.empty()) refuse("expected at least one input and one output");
}

void ImportedGraph::find_ops() {
  std::map<std::pair<std::string, std::string>, std::pair<std::string, int>> unknown;
  bool own = false;
  for (auto& node : nodes_) {
    own = own || node.node->domain.empty();
    node.op = find_imported_op(node.node->domain, node.node->op);
    if (node.op != nullptr) continue;
    auto& [first, count] = unknown[{node.node->domain, node.node->op}];
    if (count++ == 0) first = shown_node(*node.node);
  }
  if (own && model_.opset < 1) refuse("expected the version of ONNX's operators");
  if (unknown.empty()) return;
  std::string list;
  std::size_t shown_ops = 0;
  for (const auto& [op, where] : unknown) {
    if (++shown_ops > 50) {
      list += fmt::format("\n  and {} more", unknown.size() - 50);
      break;
    }
    list += fmt::format("\n  {}{}: {}{}", op.first.empty() ? "" : fmt::format("{}.", shown(op.first)), shown(op.second),
                        where.first, where.second > 1 ? fmt::format(" and {} more", where.second - 1) : "");
  }
  refuse("xtape does not have these operators (of version {}):{}", model_.opset, list);
}

void ImportedGraph::check_inputs() const {
  for (const auto& node : nodes_) {
    const std::size_t count = node.inputs.size();
    bool enough = count >= node.op->least && count <= node.op->most;
    for (std::size_t i = 0; enough && i < node.op->least; ++i) enough = node.inputs[i] != none;
    if (enough) continue;
    const auto most = node.op->most;
    refuse("{}: expected {} inputs, received {}", shown_node(*node.node),
           most == any_number       ? fmt::format("at least {}", node.op->least)
           : most == node.op->least ? fmt::format("{}", most)
                                    : fmt::format("{} to {}", node.op->least, most),
           count - static_cast<std::size_t>(std::count(node.inputs.begin(), node.inputs.end(), none)));
  }
}

/// Marks what decides about shapes, and from what that follows.
void ImportedGraph::mark_host() {
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    for (const int output : node->outputs) node->on_host = node->on_host || (output != none && at(output).on_host);
    for (std::size_t i = 0; i < node->inputs.size(); ++i) {
      if (node->inputs[i] == none) continue;
      if (has_bit(node->op->host, i) || (node->on_host && node->op->layout != OnnxLayout::shape)) {
        at(node->inputs[i]).on_host = true;
      }
    }
  }
  for (auto& value : values_) value.fixed = value.kind == Kind::constant;
  for (const auto& node : nodes_) {
    bool fixed = !node.op->random;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const int input = node.inputs[i];
      if (input == none) continue;
      fixed = fixed && (at(input).fixed || node.op->layout == OnnxLayout::shape);
      if (has_bit(node.op->host, i) && !at(input).fixed) {
        refuse(
            "{}: its input '{}' decides about shapes: expected that it follows from constants and shapes, but it "
            "depends on the data",
            shown_node(*node.node), at(input).name);
      }
    }
    for (const int output : node.outputs) {
      if (output != none) at(output).fixed = fixed;
    }
  }
}

/// Which initializers become variables.
void ImportedGraph::choose_weights() {
  struct Uses {
    bool as_weight = false, otherwise = false, as_statistic = false;
  };
  std::vector<Uses> uses(values_.size());
  const auto is_product = [&](int value) {
    return value != none && producer(value) != none &&
           nodes_[static_cast<std::size_t>(producer(value))].op->weights != 0;
  };
  for (const auto& node : nodes_) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == none) continue;
      Uses& use = uses[static_cast<std::size_t>(node.inputs[i])];
      const bool bias = std::string_view(node.op->op) == "Add" && is_product(node.inputs[1 - i]) &&
                        at(node.inputs[i]).kind == Kind::constant && at(node.inputs[i]).constant.rank() > 0;
      use.as_weight = use.as_weight || has_bit(node.op->weights, i) || bias;
      use.as_statistic = use.as_statistic || has_bit(node.op->statistics, i);
      use.otherwise = use.otherwise || !has_bit(node.op->constants, i);
    }
  }
  for (std::size_t i = 0; i < values_.size(); ++i) {
    Value& value = values_[i];
    if (value.kind != Kind::constant || value.on_host || !is_floating(value.constant.dtype())) continue;
    // A single number is rather a factor than a weight.
    const bool weight = uses[i].as_weight || (uses[i].otherwise && value.constant.size() > 1);
    if (!weight || value.constant.size() == 0) continue;
    value.kind = Kind::variable;
    value.fixed = false;
    value.variable = Variable(value.constant, {.trainable = !uses[i].as_statistic, .name = value.name});
    value.constant = {};
  }
  for (const auto& node : nodes_) {  // what follows from variables is not fixed
    bool fixed = !node.op->random;
    for (const int input : node.inputs) {
      fixed = fixed && (input == none || at(input).fixed || node.op->layout == OnnxLayout::shape);
    }
    for (const int output : node.outputs) {
      if (output != none) at(output).fixed = fixed;
    }
  }
}

InputBits ImportedGraph::known(const Node& node) const {
  InputBits bits = 0;
  for (std::size_t i = 0; i < node.inputs.size() && i < 32; ++i) {
    if (node.inputs[i] != none && value(node.inputs[i]).fixed) bits |= InputBits{1} << i;
  }
  return bits;
}

TensorList ImportedGraph::run(const Node& node, const std::vector<Tensor>& values) const {
  std::vector<Tensor> operands;
  std::vector<Variable> variables;
  for (const int input : node.inputs) {
    operands.push_back(input == none ? Tensor() : values[static_cast<std::size_t>(input)]);
    variables.push_back(input == none ? Variable() : value(input).variable);
  }
  const ImportedStep step{node.node, node.op, {}, 0, node.on_host, false, known(node)};
  const OnnxImportCall call{*node.node, model_.opset, operands, variables, step.known, false, false, true, {}};
  try {
    return run_imported(step, call);
  } catch (const Error& error) {
    const std::string text = error.message();
    refuse("{}: {}", shown_node(*node.node), text);
  }
}

namespace {

/// Results of more elements are not kept in memory, but computed when they are needed.
constexpr std::int64_t most_folded = std::int64_t{1} << 22;

std::int64_t elements_of(const TensorList& tensors) {
  std::int64_t elements = 0;
  for (const Tensor& each : tensors) elements += each.defined() ? each.size() : 0;
  return elements;
}

}  // namespace

/// Computes what follows from constants.
void ImportedGraph::fold() {
  std::vector<Tensor> tensors(values_.size());
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (values_[i].kind == Kind::constant) tensors[i] = values_[i].constant;
    if (values_[i].kind == Kind::variable) tensors[i] = values_[i].variable.peek();
  }
  std::vector<Node> left;
  for (auto& node : nodes_) {
    const bool shape = node.op->layout == OnnxLayout::shape;
    bool all = !node.op->random && (node.op->weights == 0 || node.on_host);
    std::int64_t elements = 0;
    for (const int input : node.inputs) {
      all = all && (input == none || (shape ? at(input).is_known() : at(input).kind == Kind::constant));
      if (all && input != none && !shape) elements += at(input).constant.size();
    }
    if (all && elements <= most_folded) {
      TensorList results;
      {
        const ShapesOnly without_elements;
        elements = elements_of(run(node, tensors));
      }
      if (elements <= most_folded) {
        results = run(node, tensors);
        for (std::size_t i = 0; i < node.outputs.size(); ++i) {
          if (node.outputs[i] == none) continue;
          Value& value = at(node.outputs[i]);
          value.kind = Kind::constant;
          value.constant = tensors[static_cast<std::size_t>(node.outputs[i])] = results[i];
          value.fixed = true;
          producers_[static_cast<std::size_t>(node.outputs[i])] = none;
        }
        continue;
      }
    }
    left.push_back(std::move(node));
  }
  nodes_ = std::move(left);
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    for (const int output : nodes_[n].outputs) {
      if (output != none) producers_[static_cast<std::size_t>(output)] = static_cast<int>(n);
    }
  }
}

/// The values for inputs whose open sizes are assumed: a small one for the first axis, which is the batch, and `size`
/// for others; both larger in the second attempt. Sizes of one name are the same.
std::vector<Tensor> ImportedGraph::tried(int attempt, std::int64_t size) const {
  std::vector<Tensor> tensors(values_.size());
  std::map<std::string, std::int64_t> named;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (values_[i].kind == Kind::constant) tensors[i] = values_[i].constant;
    if (values_[i].kind == Kind::variable) tensors[i] = values_[i].variable.peek();
  }
  const ShapesOnly without_elements;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    std::vector<std::int64_t> sizes;
    for (const auto& dimension : model_.inputs[i].dimensions) {
      const std::int64_t assumed = sizes.empty() ? 2 + attempt : size + attempt * std::max<std::int64_t>(size / 2, 1);
      std::int64_t chosen = dimension.size >= 0 ? dimension.size : assumed;
      if (dimension.size < 0 && !dimension.name.empty()) chosen = named.emplace(dimension.name, assumed).first->second;
      sizes.push_back(chosen);
    }
    tensors[static_cast<std::size_t>(inputs_[i])] = make_tensor(Shape(sizes), model_.inputs[i].dtype, method);
  }
  for (const auto& node : nodes_) {
    TensorList results = run(node, tensors);
    if (node.on_host) {  // with elements
      const Untraced hidden;
      constexpr std::int64_t most = std::int64_t{1} << 24;
      if (elements_of(results) > most) {
        refuse("{}: expected at most {} elements that decide about shapes, received {}", shown_node(*node.node), most,
               elements_of(results));
      }
      results = run(node, tensors);
    }
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] != none) tensors[static_cast<std::size_t>(node.outputs[i])] = results[i];
    }
  }
  return tensors;
}

std::array<std::vector<Tensor>, 2> ImportedGraph::try_sizes(std::int64_t size) const {
  bool open = false;
  for (const auto& input : model_.inputs) {
    for (const auto& dimension : input.dimensions) open = open || dimension.size < 0;
  }
  auto first = tried(0, size);
  auto second = open ? tried(1, size) : first;
  return {std::move(first), std::move(second)};
}

/// Runs the graph without elements for some sizes of the inputs, to know the shapes of its values.
void ImportedGraph::find_shapes() {
  std::array<std::vector<Tensor>, 2> tensors;
  // Networks of images may need large ones, those with tables of positions small ones.
  constexpr std::int64_t sizes[] = {32, 128, 8, 512, 1};
  std::optional<DataError> first_error;
  for (const auto size : sizes) {
    try {
      tensors = try_sizes(size);
      first_error.reset();
      break;
    } catch (const DataError& error) {
      if (!first_error) first_error = error;
      const bool open = std::any_of(model_.inputs.begin(), model_.inputs.end(), [](const OnnxPort& port) {
        return std::any_of(port.dimensions.begin(), port.dimensions.end(), [](const auto& d) { return d.size < 0; });
      });
      if (!open) break;
    }
  }
  if (first_error) throw *first_error;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Tensor &a = tensors[0][i], &b = tensors[1][i];
    if (!a.defined()) continue;
    values_[i].dtype = a.dtype();
    values_[i].shape = a.shape();
    if (a.rank() != b.rank()) refuse("the number of axes of '{}' depends on the sizes of the inputs", values_[i].name);
    for (int axis = 0; axis < a.rank(); ++axis) {
      if (a.shape()[axis] != b.shape()[axis]) values_[i].shape[axis] = -1;
    }
  }
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    Shape& shape = at(inputs_[i]).shape;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      shape[axis] = model_.inputs[i].dimensions[static_cast<std::size_t>(axis)].size;
    }
  }
}

/// Sizes and the like are computed by the layers that need them, not by layers of their own.
void ImportedGraph::keep_small_on_host() {
  constexpr std::int64_t small = 64;
  for (auto& node : nodes_) {
    if (node.on_host) continue;
    bool all = node.op->layout == OnnxLayout::shape;
    if (!all && !node.op->random && !node.inputs.empty()) {
      all = std::all_of(node.inputs.begin(), node.inputs.end(), [&](int input) {
        return input == none || at(input).kind == Kind::constant || (at(input).fixed && at(input).on_host);
      });
    }
    for (const int output : node.outputs) {
      if (output == none) continue;
      const Shape& shape = at(output).shape;
      all =
          all && at(output).fixed && shape.numel() <= small && std::find(shape.begin(), shape.end(), -1) == shape.end();
    }
    if (!all) continue;
    node.on_host = true;
    for (const int output : node.outputs) {
      if (output != none) at(output).on_host = true;
    }
  }
}

/// Marks the nodes that become layers: those from whose results the outputs are computed. What is on the host is a part
/// of the layers that need it.
void ImportedGraph::mark_needed() {
  std::vector<bool> needed(values_.size(), false);
  for (const int output : outputs_) needed[static_cast<std::size_t>(output)] = true;
  const std::set<int> asked(outputs_.begin(), outputs_.end());
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    bool used = false;
    for (const int output : node->outputs) {
      if (output == none || !needed[static_cast<std::size_t>(output)]) continue;
      used = true;
      node->as_layer = node->as_layer || !at(output).on_host || asked.contains(output);
    }
    if (!used) continue;
    for (const int input : node->inputs) {
      if (input != none) needed[static_cast<std::size_t>(input)] = true;
    }
  }
}

}  // namespace xtape::detail
