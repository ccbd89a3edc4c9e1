#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <optional>
#include <string_view>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "onnx/simplify.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {
namespace {

using Permutation = std::vector<std::int64_t>;

constexpr std::array elementwise = {
    "Abs",      "Acos",
    "Acosh",    "Add",
    "And",      "Asin",
    "Asinh",    "Atan",
    "Atanh",    "Cast",
    "Ceil",     "Clip",
    "Cos",      "Cosh",
    "Div",      "Elu",
    "Equal",    "Erf",
    "Exp",      "Floor",
    "Greater",  "GreaterOrEqual",
    "Identity", "IsInf",
    "IsNaN",    "LeakyRelu",
    "Less",     "LessOrEqual",
    "Log",      "Max",
    "Min",      "Mul",
    "Neg",      "Not",
    "Or",       "PRelu",
    "Pow",      "Reciprocal",
    "Relu",     "Round",
    "Selu",     "Sigmoid",
    "Sign",     "Sin",
    "Sinh",     "Softplus",
    "Softsign", "Sqrt",
    "Sub",      "Tan",
    "Tanh",     "Where",
    "Xor",
};
constexpr std::array reductions = {"ReduceL2",  "ReduceLogSumExp", "ReduceMax", "ReduceMean",
                                   "ReduceMin", "ReduceProd",      "ReduceSum"};

template <class Names>
bool is_one_of(const Names& names, std::string_view op) {
  return std::find(names.begin(), names.end(), op) != names.end();
}

OnnxAttribute* find_attribute(OnnxNode& node, std::string_view name) {
  for (auto& attribute : node.attributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

bool is_identity(const Permutation& p) { return std::is_sorted(p.begin(), p.end()); }

/// One forward pass, which makes a new list of nodes.
class Sinking {
 public:
  explicit Sinking(const OnnxModel& model) : before_(model), uses_(model), after_(model) { after_.nodes.clear(); }

  OnnxModel run() {
    for (OnnxNode node : before_.nodes) {
      for (auto& input : node.inputs) input = now(input);
      if (!sink(node)) emit(std::move(node));
    }
    return std::move(after_);
  }

 private:
  struct Transposed {
    std::string source;
    Permutation permutation;
  };

  std::string now(const std::string& name) const {
    const auto found = alias_.find(name);
    return found == alias_.end() ? name : found->second;
  }
  const Transposed* transposed(const std::string& name) const {
    const auto found = transposed_.find(name);
    return found == transposed_.end() ? nullptr : &found->second;
  }
  void emit(OnnxNode node) { after_.nodes.push_back(std::move(node)); }

  /// `to` = transpose(from): a node, or only a name if the value is there already.
  void emit_transpose(const std::string& from, const std::string& to, const Permutation& permutation,
                      const std::string& node_name) {
    if (is_identity(permutation) || known_.contains({from, permutation})) {
      const std::string same = is_identity(permutation) ? from : known_.at({from, permutation});
      if (uses_.is_output(to)) {
        emit({"Identity", node_name, {same}, {to}});
      } else {
        alias_[to] = same;
      }
      return;
    }
    emit({"Transpose", node_name, {from}, {to}, {{"perm", permutation}}});
    transposed_[to] = {from, permutation};
    known_[{from, permutation}] = to;
  }

  /// A constant operand beside one that was transposed, for the untransposed one; none if it is no constant.
  std::optional<std::string> untransposed_constant(const std::string& name, const Permutation& permutation) {
    const Tensor* constant = uses_.initializer(name);
    if (constant == nullptr || constant->rank() > static_cast<int>(permutation.size())) return std::nullopt;
    if (constant->size() == 1 && constant->rank() <= 1) return name;
    std::vector<std::int64_t> shape(permutation.size() - static_cast<std::size_t>(constant->rank()), 1);
    shape.insert(shape.end(), constant->shape().begin(), constant->shape().end());
    std::vector<int> inverse(permutation.size());
    for (std::size_t i = 0; i < permutation.size(); ++i) {
      inverse[static_cast<std::size_t>(permutation[i])] = static_cast<int>(i);
    }
    const Tensor moved = xtape::transpose(xtape::reshape(*constant, Shape(shape)), inverse);
    if (uses_.count(name) == 1) {  // the only user keeps the name
      for (auto& [key, value] : after_.initializers) {
        if (key == name) value = moved;
      }
      return name;
    }
    auto& known = constants_[{name, permutation}];
    if (known.empty()) {
      known = fmt::format("{}:transposed{}", name, constants_.size());
      after_.initializers.emplace_back(known, moved);
    }
    return known;
  }
  std::string store_integers(const std::string& wanted, const std::vector<std::int64_t>& numbers) {
    const Tensor tensor = constant(numbers, {static_cast<std::int64_t>(numbers.size())});
    std::string name = wanted;
    for (const auto& [taken, value] : after_.initializers) {
      if (taken == name) name += "_";
    }
    after_.initializers.emplace_back(name, tensor);
    return name;
  }
  std::optional<std::vector<std::int64_t>> integers(const std::string& name) const {
    const Tensor* tensor = uses_.initializer(name);
    if (tensor == nullptr || tensor->dtype() != int64) return std::nullopt;
    return tensor->to_vector<std::int64_t>();
  }

  /// Puts the node before the transposes of its inputs. False if it stays behind them.
  bool sink(OnnxNode& node) {
    if (node.op == "Transpose") {
      const auto& own = std::get<std::vector<std::int64_t>>(find_attribute(node, "perm")->value);
      const Transposed* input = transposed(node.inputs[0]);
      Permutation all = own;
      std::string from = node.inputs[0];
      if (input != nullptr) {
        for (std::size_t i = 0; i < own.size(); ++i) all[i] = input->permutation[static_cast<std::size_t>(own[i])];
        from = input->source;
      }
      emit_transpose(from, node.outputs[0], all, node.name);
      return true;
    }
    if (node.outputs.size() != 1 || node.inputs.empty()) return false;
    if (is_one_of(elementwise, node.op) || node.op == "Concat") return sink_elementwise(node);
    const Transposed* found = transposed(node.inputs[0]);
    if (found == nullptr) return false;
    const Transposed x = *found;
    if (is_one_of(reductions, node.op)) return sink_reduction(node, x);
    if (node.op == "Softmax" || node.op == "LogSoftmax") return sink_softmax(node, x);
    if (node.op == "Pad") return sink_pad(node, x);
    if (node.op == "Slice") return sink_slice(node, x);
    if (node.op == "Shape") return sink_shape(node, x);
    return false;
  }

  void finish(OnnxNode& node, const Permutation& permutation) {
    const std::string to = node.outputs[0], inner = to + ":transposed";
    const std::string name = node.name + ":Transpose";
    node.outputs[0] = inner;
    emit(std::move(node));
    emit_transpose(inner, to, permutation, name);
  }

  bool sink_elementwise(OnnxNode& node) {
    std::optional<Permutation> permutation;
    for (const auto& input : node.inputs) {
      const Transposed* each = transposed(input);
      if (each == nullptr) continue;
      if (permutation && *permutation != each->permutation) return false;
      permutation = each->permutation;
    }
    if (!permutation) return false;
    const bool concat = node.op == "Concat";
    for (const auto& input : node.inputs) {
      if (transposed(input) != nullptr || input.empty()) continue;
      const Tensor* constant = uses_.initializer(input);
      if (constant == nullptr || constant->rank() > static_cast<int>(permutation->size()) || concat) return false;
    }
    for (auto& input : node.inputs) {
      if (const Transposed* each = transposed(input)) {
        input = each->source;
      } else if (!input.empty()) {
        input = *untransposed_constant(input, *permutation);
      }
    }
    if (concat) {
      auto& axis = std::get<std::int64_t>(find_attribute(node, "axis")->value);
      axis = (*permutation)[static_cast<std::size_t>(axis)];
    }
    finish(node, *permutation);
    return true;
  }

  bool sink_reduction(OnnxNode& node, const Transposed& x) {
    std::vector<std::int64_t> axes;
    OnnxAttribute* attribute = find_attribute(node, "axes");
    if (attribute != nullptr) {
      axes = std::get<std::vector<std::int64_t>>(attribute->value);
    } else if (const auto given = node.inputs.size() > 1 ? integers(node.inputs[1]) : std::nullopt) {
      axes = *given;
    } else {
      return false;
    }
    std::vector<std::int64_t> moved;
    for (const auto axis : axes) moved.push_back(x.permutation[static_cast<std::size_t>(axis)]);
    std::sort(moved.begin(), moved.end());
    Permutation rest = x.permutation;
    if (std::get<std::int64_t>(find_attribute(node, "keepdims")->value) == 0) {
      rest.clear();  // the axes that are left, and their places among them
      for (std::size_t i = 0; i < x.permutation.size(); ++i) {
        if (std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(i)) == axes.end()) {
          rest.push_back(x.permutation[i]);
        }
      }
      Permutation sorted = rest;
      std::sort(sorted.begin(), sorted.end());
      for (auto& axis : rest) axis = std::find(sorted.begin(), sorted.end(), axis) - sorted.begin();
    }
    node.inputs[0] = x.source;
    if (attribute != nullptr) {
      attribute->value = moved;
    } else {
      node.inputs[1] = store_integers(node.name + ":axes", moved);
    }
    finish(node, rest);
    return true;
  }

  bool sink_softmax(OnnxNode& node, const Transposed& x) {
    auto& axis = std::get<std::int64_t>(find_attribute(node, "axis")->value);
    if (axis < 0) axis += static_cast<std::int64_t>(x.permutation.size());
    axis = x.permutation[static_cast<std::size_t>(axis)];
    node.inputs[0] = x.source;
    finish(node, x.permutation);
    return true;
  }

  bool sink_pad(OnnxNode& node, const Transposed& x) {
    const auto pads = integers(node.inputs[1]);
    if (!pads || node.inputs.size() > 3) return false;
    std::vector<std::int64_t> moved(pads->size());
    const std::size_t rank = x.permutation.size();
    for (std::size_t i = 0; i < rank; ++i) {
      const auto to = static_cast<std::size_t>(x.permutation[i]);
      moved[to] = (*pads)[i];
      moved[rank + to] = (*pads)[rank + i];
    }
    node.inputs[0] = x.source;
    node.inputs[1] = store_integers(node.name + ":pads", moved);
    finish(node, x.permutation);
    return true;
  }

  bool sink_slice(OnnxNode& node, const Transposed& x) {
    auto axes = integers(node.inputs[3]);
    if (!axes) return false;
    for (auto& axis : *axes) axis = x.permutation[static_cast<std::size_t>(axis)];
    node.inputs[0] = x.source;
    node.inputs[3] = store_integers(node.name + ":axes", *axes);
    finish(node, x.permutation);
    return true;
  }

  bool sink_shape(OnnxNode& node, const Transposed& x) {
    const std::string to = node.outputs[0], all = to + ":untransposed", name = node.name;
    node.inputs[0] = x.source;
    node.outputs[0] = all;
    emit(std::move(node));
    emit({"Gather",
          name + ":Gather",
          {all, store_integers(name + ":permutation", x.permutation)},
          {to},
          {{"axis", std::int64_t{0}}}});
    return true;
  }

  const OnnxModel& before_;
  const OnnxUses uses_;
  OnnxModel after_;
  std::unordered_map<std::string, std::string> alias_;
  std::unordered_map<std::string, Transposed> transposed_;
  std::map<std::pair<std::string, Permutation>, std::string> known_;      ///< transposes that are there already
  std::map<std::pair<std::string, Permutation>, std::string> constants_;  ///< the same of constants
};

std::size_t transposes(const OnnxModel& model) {
  return static_cast<std::size_t>(std::count_if(model.nodes.begin(), model.nodes.end(),
                                                [](const OnnxNode& node) { return node.op == "Transpose"; }));
}

}  // namespace

void cancel_transposes(OnnxModel& model) {
  const std::size_t before = transposes(model);
  if (before == 0) return;
  OnnxModel better = Sinking(model).run();
  remove_identities(better);
  remove_unused(better);
  if (transposes(better) < before) model = std::move(better);
}

}  // namespace xtape::detail
