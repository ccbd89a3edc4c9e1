#pragma once

#include <string>
#include <utility>

// Errors say where they happened: in which layer, in the gradient of which op. Whoever knows adds it on the error's way
// out. A replay of xtape::function() has no layers and no tape on its way, so the trace keeps for each launch what an
// error of it would be told.
namespace xtape::detail {

/// A place that the calling thread is in while a function is being traced.
class TracedContext {
 public:
  explicit TracedContext(std::string where) : where_(std::move(where)), outer_(std::exchange(innermost, this)) {}
  TracedContext(const TracedContext&) = delete;
  ~TracedContext() { innermost = outer_; }

  /// What an error thrown here has been given when it comes out of all of them, for Error::add_context; may be empty.
  static std::string current() {
    std::string all;
    for (const TracedContext* each = innermost; each != nullptr; each = each->outer_) {
      if (!all.empty()) all += "\n  ";
      all += each->where_;
    }
    return all;
  }

 private:
  static constinit inline thread_local const TracedContext* innermost = nullptr;
  const std::string where_;
  const TracedContext* const outer_;
};

}  // namespace xtape::detail
