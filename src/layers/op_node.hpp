#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "xtape/core/tensor_list.hpp"
#include "xtape/layers/symbolic.hpp"

namespace xtape::detail {

/// What an op gives for all of its operands.
using OpFunction = std::function<TensorList(std::span<const Tensor> operands)>;

/// What becomes of bfloat16 operands beside float32 ones: with float32 they give float32, as in Keras, where the op
/// itself takes no two dtypes.
enum class OpWidening : std::uint8_t { none, float32 };

/// An op as a node of the graph, named after it. Variables among its operands are weights of the node. Throws a
/// ValueError where no operand is symbolic, and a RuntimeError for an op that looks at elements.
SymbolicList op_node(const char* op, std::vector<SymbolicOperand> operands, OpWidening widening, OpFunction function);

/// First the operands that are named, then those of a list.
std::vector<SymbolicOperand> operands_and(const SymbolicOperands& list, std::vector<SymbolicOperand> named);

/// Whether a layer is a node of an op.
bool is_op_node(const Layer& layer);
/// A layer's class as summaries show it; for the node of an op its name as that of a class: "reduce_mean" ->
/// "ReduceMean".
std::string shown_class(const Layer& layer);

}  // namespace xtape::detail
