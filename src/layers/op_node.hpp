#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "xtape/core/tensor_list.hpp"
#include "xtape/layers/symbolic.hpp"

namespace xtape::detail {

/// Computes an op from all its operands.
using OpFunction = std::function<TensorList(std::span<const Tensor> operands)>;

/// How an op handles bfloat16 and float32 operands together: `float32` converts all to float32, as in Keras, for ops
/// that take only one dtype.
enum class OpWidening : std::uint8_t { none, float32 };

/// An op as a node of the graph. `function` calls the op of that name and no other, whose note (core/call_notes.hpp)
/// has its arguments. Variables among its operands are weights of the node. Throws a ValueError if no operand is
/// symbolic, and a RuntimeError for an op whose result shape depends on elements.
SymbolicList op_node(const char* op, std::vector<SymbolicOperand> operands, OpWidening widening, OpFunction function);

/// What a node computes, for writing it down.
struct OpDescription {
  std::string op;
  /// The operands in the op's order, lists last. Of the symbolic ones, nothing but their place: they are the inputs of
  /// the node.
  struct Operand {
    bool symbolic;
    Variable variable;  ///< empty: none
    Tensor known;
  };
  std::vector<Operand> operands;
  std::vector<Config::Entry> attributes;
};
/// Null for a layer that is not the node of an op.
const OpDescription* op_description(const Layer& layer);

/// The named operands followed by those of the list.
std::vector<SymbolicOperand> operands_and(const SymbolicOperands& list, std::vector<SymbolicOperand> named);

/// Whether a layer is the node of an op.
bool is_op_node(const Layer& layer);
/// The class of a layer in summaries; for the node of an op its name in the style of a class: "reduce_mean" ->
/// "ReduceMean".
std::string shown_class(const Layer& layer);

}  // namespace xtape::detail
