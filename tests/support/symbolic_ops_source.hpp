#pragma once

#include <string>

#include "support/op_declarations.hpp"

namespace xtape::testing {

/// The ops among which the symbolic ones are made by hand, and functions that take no tensors as others do.
bool made_by_hand(const OpDeclaration& op);
/// Whether a function has operands that may be symbolic tensors.
bool takes_tensors(const OpDeclaration& op);

/// What include/xtape/layers/symbolic_ops.hpp is to contain, and src/layers/symbolic_ops.cpp.
std::string symbolic_ops_header(const OpDeclarations& ops);
std::string symbolic_ops_source(const OpDeclarations& ops);

}  // namespace xtape::testing
