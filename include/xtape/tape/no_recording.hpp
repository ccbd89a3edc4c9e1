#pragma once

#include "xtape/tape/record.hpp"

namespace xtape::detail {

/// Hides what the calling thread does from all its tapes, for the object's life.
class NoRecording {
 public:
  NoRecording() noexcept
      : tape_(std::exchange(innermost_tape, nullptr)), hooks_(std::exchange(variable_hooks, untaped_variable_hooks)) {}
  NoRecording(const NoRecording&) = delete;
  ~NoRecording() {
    innermost_tape = tape_;
    variable_hooks = hooks_;
  }

 private:
  TapeImpl* tape_;
  const VariableHooks* hooks_;
};

}  // namespace xtape::detail
