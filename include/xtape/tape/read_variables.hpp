#pragma once

#include "xtape/base/memory.hpp"
#include "xtape/core/variable.hpp"

namespace xtape::detail {

/// Notes which variables the calling thread reads during the object's life: the trainable ones, and those that a
/// recording tape watches, each once, in the order of their first reads.
class ReadVariables {
 public:
  ReadVariables() noexcept;
  ReadVariables(const ReadVariables&) = delete;
  ~ReadVariables();

  const PoolVector<Variable>& list() const noexcept { return variables_; }
  /// Tells all such objects of the thread.
  static void note(const Variable& variable);
  static bool any() noexcept;

 private:
  ReadVariables* outer_;
  PoolVector<Variable> variables_;
};

}  // namespace xtape::detail
