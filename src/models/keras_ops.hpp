#pragma once

#include <vector>

#include "xtape/base/config.hpp"
#include "xtape/layers/symbolic.hpp"

// The ops between the layers of a functional model, in Keras's names and arguments.
namespace xtape::detail {

/// A call of an op of Keras: its class with the arguments of its constructor, and the arguments of the call. Symbolic
/// tensors among them are Configs of the class "__keras_tensor__".
struct KerasOp {
  Config config;
  ConfigValue::List args;
  Config kwargs;
};

/// The op of Keras that computes what a node of an op of xtape does; `tensors` are the inputs of the node. Throws a
/// ValueError for an op without a counterpart.
KerasOp keras_op(const Layer& node, const std::vector<Config>& tensors);

/// Calls the op of xtape that computes what the op of Keras does; the tensors among the arguments are `tensors`, in
/// their order. Throws a ValueError for an op that is unknown, and for arguments that it cannot take.
SymbolicList call_keras_op(const KerasOp& op, const std::vector<SymbolicTensor>& tensors);

}  // namespace xtape::detail
