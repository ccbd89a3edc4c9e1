#include "xtape/tape/read_variables.hpp"

#include <algorithm>

#include "core/trace.hpp"
#include "tape/tape_impl.hpp"
#include "tape/variable_hooks.hpp"

// Reads and assignments of variables are reported to the tapes of the thread, to the tracer, and to ReadVariables
// objects. If there are none, there is no hook, and a read costs one load.
namespace xtape::detail {
namespace {

void watch_read_variable(const Variable& variable) {
  VariableImpl* impl = variable.impl();
  if (thread_state.tracer != nullptr) thread_state.tracer->variable_read(variable);
  if (ReadVariables::any()) ReadVariables::note(variable);
  if (thread_state.innermost_tape == nullptr) return;
  if (!impl->trainable) return;
  // Remembered only for a single tape: a tape that is resumed later may have different outer tapes.
  const bool single = thread_state.innermost_tape->outer() == nullptr;
  if (single && impl->seen_by.load(std::memory_order_relaxed) == thread_state.innermost_tape->record.first_id()) return;
  for (TapeImpl* tape = thread_state.innermost_tape; tape != nullptr; tape = tape->outer()) {
    if (tape->options().watch_accessed_variables) tape->record.watch(variable);
  }
  if (single) impl->seen_by.store(thread_state.innermost_tape->record.first_id(), std::memory_order_relaxed);
}

void note_assigned_variable(const Variable& variable, const Tensor& value) {
  for (TapeImpl* tape = thread_state.innermost_tape; tape != nullptr; tape = tape->outer()) {
    tape->diagnostics.note_assignment(variable, value.impl());
  }
}

constexpr VariableHooks hooks{watch_read_variable, note_assigned_variable};

}  // namespace

void set_variable_hooks() noexcept {
  thread_state.variable_hooks = thread_state.innermost_tape != nullptr || thread_state.innermost_reader != nullptr
                                    ? &hooks
                                    : thread_state.untaped_variable_hooks;
}

void update_variable_hooks() noexcept {
  thread_state.untaped_variable_hooks = thread_state.tracer != nullptr ? &hooks : nullptr;
  set_variable_hooks();
}

ReadVariables::ReadVariables() noexcept : outer_(thread_state.innermost_reader) {
  thread_state.innermost_reader = this;
  set_variable_hooks();
}
ReadVariables::~ReadVariables() {
  thread_state.innermost_reader = outer_;
  set_variable_hooks();
}
bool ReadVariables::any() noexcept { return thread_state.innermost_reader != nullptr; }

void ReadVariables::note(const Variable& variable) {
  if (!variable.trainable() && !(is_recording() && any_tracked({variable.peek()}))) return;
  for (ReadVariables* reader = thread_state.innermost_reader; reader != nullptr; reader = reader->outer_) {
    auto& list = reader->variables_;
    const auto known = [&](const Variable& other) { return other.is_same(variable); };
    if (std::none_of(list.begin(), list.end(), known)) list.push_back(variable);
  }
}

}  // namespace xtape::detail
