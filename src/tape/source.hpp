#pragma once

#include "base/check.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape::detail {

/// Throws a TypeError for an empty tensor.
inline void check_source(const char* op, const Source& source) {
  if (source.tensor == nullptr || source.tensor->defined()) return;
  fail<TypeError>(op, "expected a tensor or a variable as a source, received an empty tensor");
}

/// Whether both are one tensor, or one variable.
inline bool same_source(const Source& a, const Source& b) {
  if (a.tensor != nullptr) return b.tensor != nullptr && a.tensor->is_same(*b.tensor);
  return b.variable != nullptr && a.variable->is_same(*b.variable);
}

}  // namespace xtape::detail
