#pragma once

#include <string>

#include "support/op_declarations.hpp"

namespace xtape::testing {

/// Whether the symbolic form of an op is written by hand, or the function does not take tensors as ops do.
bool made_by_hand(const OpDeclaration& op);
/// Whether a function has operands that may be symbolic tensors.
bool takes_tensors(const OpDeclaration& op);

/// The expected contents of include/xtape/layers/symbolic_ops.hpp and src/layers/symbolic_ops.cpp.
std::string symbolic_ops_header(const OpDeclarations& ops);
std::string symbolic_ops_source(const OpDeclarations& ops);

}  // namespace xtape::testing
