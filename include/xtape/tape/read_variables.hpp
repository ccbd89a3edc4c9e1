#pragma once

#include "xtape/base/memory.hpp"
#include "xtape/core/variable.hpp"

namespace xtape::detail {

/// Notes the variables that the calling thread reads while the object lives: those that are trainable or watched by a
/// recording tape, each once, in the order of their first reads.
class ReadVariables {
 public:
  ReadVariables() noexcept;
  ReadVariables(const ReadVariables&) = delete;
  ~ReadVariables();

  const PoolVector<Variable>& list() const noexcept { return variables_; }
  /// Notes a read in all objects of the thread.
  static void note(const Variable& variable);
  static bool any() noexcept;

 private:
  ReadVariables* outer_;
  PoolVector<Variable> variables_;
};

}  // namespace xtape::detail
