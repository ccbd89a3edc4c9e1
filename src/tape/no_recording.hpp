#pragma once

#include "xtape/tape/record.hpp"

namespace xtape::detail {

/// Hides what the calling thread does from all its tapes, for the object's life.
class NoRecording {
 public:
  NoRecording() noexcept
      : tape_(std::exchange(innermost_tape, nullptr)), hook_(std::exchange(variable_read_hook, nullptr)) {}
  NoRecording(const NoRecording&) = delete;
  ~NoRecording() {
    innermost_tape = tape_;
    variable_read_hook = hook_;
  }

 private:
  TapeImpl* tape_;
  VariableReadHook hook_;
};

}  // namespace xtape::detail
