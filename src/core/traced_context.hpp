#pragma once

#include <string>
#include <utility>

#include "xtape/core/thread_state.hpp"

// Errors say where they happened: in which layer, in the gradient of which op. Whoever knows adds it on the error's way
// out. A replay of xtape::function() has no layers and no tape on its way, so the trace keeps for each launch what an
// error of it would be told.
namespace xtape::detail {

/// A place that the calling thread is in while a function is being traced.
class TracedContext {
 public:
  explicit TracedContext(std::string where) : where_(std::move(where)), scope_(this) {}
  TracedContext(const TracedContext&) = delete;

  /// What an error thrown here has been given when it comes out of all of them, for Error::add_context; may be empty.
  static std::string current() {
    std::string all;
    for (const TracedContext* each = thread_state.traced_context; each != nullptr; each = each->scope_.outer()) {
      if (!all.empty()) all += "\n  ";
      all += each->where_;
    }
    return all;
  }

 private:
  const std::string where_;
  const ThreadStateScope<&ThreadState::traced_context> scope_;
};

}  // namespace xtape::detail
