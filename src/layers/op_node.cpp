#include "layers/op_node.hpp"

#include <algorithm>
#include <cctype>

#include "base/check.hpp"
#include "core/call_notes.hpp"
#include "core/shapes_only.hpp"
#include "layers/layer_state.hpp"
#include "ops/in_float32.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::detail {
namespace {

class OpNode : public LayerBase<OpNode> {
 public:
  OpNode(const char* op, const std::vector<SymbolicOperand>& operands, OpWidening widening, OpFunction function)
      : LayerBase("", float32), widening_(widening), function_(std::move(function)) {
    description_.op = op;
    LayerState::of(*this).name_unless_given(op);
    set_casts_inputs(false);
    for (const auto& operand : operands) {
      // Without the symbolic tensor, so that the layer does not keep the graph alive.
      description_.operands.push_back({operand.symbolic.has_value(), operand.variable, operand.known});
      if (operand.variable.defined()) track(operand.variable);
    }
  }

  TensorList call_list(const TensorList& inputs) override {
    Tensors all;
    std::size_t next = 0;
    for (const auto& operand : description_.operands) {
      all.push_back(operand.symbolic             ? inputs[next++]
                    : operand.variable.defined() ? Tensor(operand.variable.value())
                                                 : operand.known);
    }
    if (widening_ == OpWidening::float32) widen(all);
    return described_ ? function_(all) : describe(all);
  }
  TensorList compute_mask_list(const TensorList&, const TensorList&) override {
    return {};
  }  // results of ops have no masks
  bool may_make_masks() const override { return false; }

  const OpDescription& description() const noexcept { return description_; }

 private:
  /// The first call, which finds the shapes of the results, notes the arguments of the op.
  TensorList describe(const Tensors& operands) {
    CallNotes notes;
    TensorList results;
    {
      const ShapesOnly noted(&notes);
      results = function_(operands);
    }
    described_ = true;
    if (description_.op == "map") return results;  // runs as several ops
    if (notes.all().size() != 1 || description_.op != notes.all().front().op) {
      fail<RuntimeError>(description_.op.c_str(),
                         "the op does not note its arguments: it has to begin with XTAPE_NOTE");
    }
    const CallNote& note = notes.all().front();
    description_.attributes = note.attributes;
    for (std::size_t i = description_.operands.size(); i < note.operands.size(); ++i) {  // those in options
      description_.operands.push_back({false, Variable(), note.operands[i]});
    }
    return results;
  }
  static void widen(Tensors& operands) {
    const auto any = [&](DType dtype) {
      return std::any_of(operands.begin(), operands.end(),
                         [&](const Tensor& t) { return t.defined() && t.dtype() == dtype && !t.impl()->weak; });
    };
    if (!any(bfloat16) || !any(float32)) return;
    for (Tensor& t : operands) t = detail::widened(t);
  }

  OpDescription description_;
  bool described_ = false;
  OpWidening widening_;
  OpFunction function_;
};

}  // namespace

SymbolicList op_node(const char* op, std::vector<SymbolicOperand> operands, OpWidening widening, OpFunction function) {
  SymbolicList inputs;
  for (const auto& operand : operands) {
    if (operand.symbolic) inputs.push_back(*operand.symbolic);
  }
  if (inputs.empty()) fail<ValueError>(op, "expected at least one symbolic tensor");
  return OpNode(op, operands, widening, std::move(function))(inputs);
}

std::vector<SymbolicOperand> operands_and(const SymbolicOperands& list, std::vector<SymbolicOperand> named) {
  named.insert(named.end(), list.begin(), list.end());
  return named;
}

SymbolicTensor map_node(std::vector<SymbolicOperand> operands,
                        std::function<Tensor(std::span<const Tensor>)> function) {
  return op_node("map", std::move(operands), OpWidening::none,
                 [function = std::move(function)](std::span<const Tensor> x) { return TensorList(function(x)); });
}

bool is_op_node(const Layer& layer) { return dynamic_cast<const OpNode*>(&layer) != nullptr; }

const OpDescription* op_description(const Layer& layer) {
  const auto* node = dynamic_cast<const OpNode*>(&layer);
  return node == nullptr ? nullptr : &node->description();
}

std::string shown_class(const Layer& layer) {
  const auto* node = dynamic_cast<const OpNode*>(&layer);
  if (node == nullptr) {
    const std::string& shown = LayerState::of(layer).shown_class;
    return shown.empty() ? layer.class_name() : shown;
  }
  std::string name;
  bool first = true;
  for (const char c : node->description().op) {
    if (c != '_') name += first ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    first = c == '_';
  }
  return name;
}

}  // namespace xtape::detail
