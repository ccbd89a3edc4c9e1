#pragma once

#include <span>

#include "tape/tape_record.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/core/thread_state.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape::detail {

/// Notes which trainable variables the gradients of the calling thread depend on without being asked for: what a
/// training step uses and leaves as it is. A gradient for tensors alone, as of a penalty, is no training.
class UntrainedVariables {
 public:
  UntrainedVariables() noexcept : scope_(this) {}
  UntrainedVariables(const UntrainedVariables&) = delete;

  /// That of the thread, or null.
  static UntrainedVariables* current() noexcept { return thread_state.untrained_variables; }
  /// Hides it: what a rule computes gradients for is its own affair.
  class Hidden {
    const ThreadStateScope<&ThreadState::untrained_variables> scope_{nullptr};
  };

  /// Is told of every gradient before its walk, which uses up the record.
  void note_gradient(const TapeRecord& record, std::span<const Tensor> targets, std::span<const Source> sources);
  /// These are not meant to be trained.
  void leave_out(std::span<const Variable> variables);

  /// Whether there has been a gradient for variables.
  bool any_gradient() const noexcept { return any_gradient_; }
  /// In the order of their construction.
  PoolVector<Variable> list() const;

 private:
  const ThreadStateScope<&ThreadState::untrained_variables> scope_;
  bool any_gradient_ = false;
  PoolVector<Variable> used_, left_out_;
};

}  // namespace xtape::detail
