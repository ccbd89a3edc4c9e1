#include "onnx/op_mappings.hpp"

#include <algorithm>

#include "onnx/open_sizes.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::detail {

namespace {

ConfigValue named(const std::vector<Config::Entry>& attributes, std::string_view name) {
  for (const auto& [key, value] : attributes) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

ConfigValue OnnxOpCall::first(std::string_view name) const { return named(op.attributes, name); }
ConfigValue OnnxOpCall::second(std::string_view name) const {
  return varying.attributes == nullptr ? first(name) : named(*varying.attributes, name);
}

ConfigValue OnnxOpCall::attribute(std::string_view name) const {
  ConfigValue value = first(name);
  if (varying.attributes != nullptr && !(value == second(name))) {
    refuse("its {} depends on a size that the inputs leave open, such as {} and {}", name, value.str(),
           second(name).str());
  }
  return value;
}

ConfigValue OnnxOpCall::option(std::string_view name) const {
  const ConfigValue options = attribute("options");
  const auto* fields = options.get<Config>();
  return fields == nullptr || !fields->contains(name) ? ConfigValue() : (*fields)[name];
}

Tensor OnnxOpCall::known(std::size_t operand) const {
  const auto& given = op.operands[operand];
  return given.variable.defined() ? given.variable.peek() : given.known;
}

OnnxOpCall::Integers OnnxOpCall::integers(std::string_view name) const {
  const auto list = [](const ConfigValue& value) {
    return value.is_none() ? std::vector<std::int64_t>() : value_as<std::vector<std::int64_t>>(value);
  };
  Integers found{list(first(name)), list(second(name))};
  if (found.first.size() != found.second.size()) (void)attribute(name);
  return found;
}

OnnxSizes OnnxOpCall::sizes(std::string_view name, bool infers) const {
  const Integers found = integers(name);
  const auto &a = found.first, &b = found.second;
  OnnxSizes all;
  std::size_t differing = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differing += a[i] != b[i] ? 1 : 0;
  bool inferred = std::find(a.begin(), a.end(), -1) != a.end();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) {
      all.emplace_back(a[i]);
      continue;
    }
    const bool may_infer = infers && !inferred;
    std::optional<OnnxSize> size;
    if (!may_infer || differing > 1) size = varying.open->find(a[i], b[i]);
    if (!size && !may_infer) (void)attribute(name);
    inferred = inferred || !size;
    all.push_back(size ? *size : OnnxSize(-1));
  }
  return all;
}

std::int64_t OnnxOpCall::place(std::int64_t a, std::int64_t b, int axis) const {
  if (a == b) return a;
  const std::int64_t before_end = varying.first_operand[0][axis] - a;
  if (before_end != varying.first_operand[1][axis] - b || before_end < 0) {
    refuse("it takes a part of axis {} whose place depends on a size that the inputs leave open, such as {} and {}",
           axis, a, b);
  }
  return before_end == 0 ? OnnxBuilder::to_end : -before_end;
}

void OnnxOpCall::refuse_text(const std::string& text) const {
  fail<ValueError>(OnnxBuilder::method, "{}: {}", Whole{where}, Whole{text});
}

const OnnxOpMapping* find_onnx_op(std::string_view op) {
  for (const auto& family :
       {onnx_elementwise_ops(), onnx_reduction_ops(), onnx_movement_ops(), onnx_nn_ops(), onnx_window_ops()}) {
    for (const auto& mapping : family) {
      if (op == mapping.op) return &mapping;
    }
  }
  return nullptr;
}

OnnxValues map_op(OnnxBuilder& g, OnnxOpCall& call, const OnnxValues& values) {
  const OnnxOpMapping* mapping = find_onnx_op(call.op.op);
  if (mapping == nullptr) {
    call.refuse(
        "ONNX has no node for it, or xtape does not know it: compute the same by other ops, or leave this part "
        "out of the exported model");
  }
  // Numbers take the dtype of the tensors beside them.
  DType beside = boolean;
  const auto consider = [&](const DType dtype) {
    if (dtype != boolean) beside = dtype;
  };
  for (const auto& x : values) consider(x.dtype);
  for (const auto& operand : call.op.operands) {
    if (operand.variable.defined()) consider(OnnxBuilder::stored(operand.variable.dtype()));
    if (operand.known.defined() && !operand.known.impl()->weak) consider(OnnxBuilder::stored(operand.known.dtype()));
  }
  std::size_t next = 0;
  for (const auto& operand : call.op.operands) {
    if (operand.symbolic) {
      call.operands.push_back(values[next++]);
    } else if (operand.variable.defined()) {
      call.operands.push_back(g.weight(operand.variable.name(), operand.variable.peek()));
    } else if (operand.known.defined()) {
      Tensor known = operand.known;
      const bool weak = known.impl()->weak;
      if (weak && beside != boolean && (is_floating(beside) || is_integer(known.dtype()))) {
        known = xtape::cast(known, beside);
      } else if (weak) {
        known = xtape::cast(known, is_floating(known.dtype()) ? float32 : known.dtype());
      }
      call.operands.push_back(g.constant(known));
    } else {
      call.operands.emplace_back();
    }
  }
  return mapping->map(g, call);
}

OnnxValues map_op(OnnxBuilder& g, const OnnxCall& call) {
  const OpDescription& op = *op_description(call.layer());
  OnnxOpCall described{op, call.where(), call.output_shapes(), {}, {}};
  return map_op(g, described, call.inputs());
}

}  // namespace xtape::detail
