#pragma once

namespace xtape::detail {

/// Puts the variables' hooks in place for the tapes that the calling thread has now.
void set_variable_hooks() noexcept;
/// The same where its tracer has changed.
void update_variable_hooks() noexcept;

}  // namespace xtape::detail
