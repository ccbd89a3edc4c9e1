#pragma once

#include "xtape/tape/record.hpp"

namespace xtape::detail {

/// While it lives, no tape records what the calling thread does.
class NoRecording {
 public:
  NoRecording() noexcept : tape_(nullptr), hooks_(thread_state.untaped_variable_hooks) {}

 private:
  ThreadStateScope<&ThreadState::innermost_tape> tape_;
  ThreadStateScope<&ThreadState::variable_hooks> hooks_;
};

}  // namespace xtape::detail
