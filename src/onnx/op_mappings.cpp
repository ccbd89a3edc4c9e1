#include "onnx/op_mappings.hpp"

#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::detail {

ConfigValue OnnxOpCall::attribute(std::string_view name) const {
  for (const auto& [key, value] : op.attributes) {
    if (key == name) return value;
  }
  return {};
}

void OnnxOpCall::expect_readable(std::string_view name) const {
  if (attribute(name).is_custom()) call.refuse("its {} cannot be written: call it with the default {}", name, name);
}

const OnnxOpMapping* find_onnx_op(std::string_view op) {
  for (const auto& family : {onnx_elementwise_ops(), onnx_reduction_ops(), onnx_movement_ops(), onnx_nn_ops()}) {
    for (const auto& mapping : family) {
      if (op == mapping.op) return &mapping;
    }
  }
  return nullptr;
}

OnnxValues map_op(OnnxBuilder& g, const OnnxCall& call) {
  const OpDescription& op = *op_description(call.layer());
  const OnnxOpMapping* mapping = find_onnx_op(op.op);
  if (mapping == nullptr) {
    call.refuse(
        "ONNX has no node for it, or xtape does not know it: compute the same by other ops, or leave this part "
        "out of the exported model");
  }
  OnnxOpCall given{call, op, {}};
  // Numbers take the dtype of the tensors beside them.
  DType beside = boolean;
  for (const auto& x : call.inputs()) {
    if (x.dtype != boolean) beside = x.dtype;
  }
  std::size_t next = 0;
  for (const auto& operand : op.operands) {
    if (operand.symbolic) {
      given.operands.push_back(call.inputs()[next++]);
    } else if (operand.variable.defined()) {
      given.operands.push_back(g.weight(operand.variable.name(), operand.variable.peek()));
    } else if (operand.known.defined()) {
      Tensor known = operand.known;
      const bool weak = known.impl()->weak;
      if (weak && beside != boolean && (is_floating(beside) || is_integer(known.dtype()))) {
        known = xtape::cast(known, beside);
      } else if (weak) {
        known = xtape::cast(known, is_floating(known.dtype()) ? float32 : known.dtype());
      }
      given.operands.push_back(g.constant(known));
    } else {
      given.operands.emplace_back();
    }
  }
  OnnxValues outputs = mapping->map(g, given);
  return outputs;
}

}  // namespace xtape::detail
