#pragma once

namespace xtape::detail {

/// Sets the variable hooks for the calling thread's current tapes.
void set_variable_hooks() noexcept;
/// The same after the tracer of the thread has changed.
void update_variable_hooks() noexcept;

}  // namespace xtape::detail
