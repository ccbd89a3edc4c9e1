#pragma once

namespace xtape::detail {

/// Puts the variables' hooks in place for the tapes and the tracer that the calling thread has now.
void update_variable_hooks() noexcept;

}  // namespace xtape::detail
