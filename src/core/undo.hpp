#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>

#include "core/trace.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/core/variable.hpp"

// Undoes changes of the calling thread to state: to the variables that a step assigned before it failed, and to
// everything that a layer changes in a trial call.
namespace xtape::detail {

/// While it lives, keeps the old values of the variables that the calling thread assigns to. Keeping a value shares it,
/// so the first update in place copies it.
class Undo {
 public:
  Undo() noexcept : current_(this) {}
  /// The innermost one of the calling thread, or null.
  static Undo* current() noexcept { return thread_state.undo; }
  /// Called before a variable changes: by the assignments of Variable, and by code that writes the elements itself.
  void keep(const Variable& variable);
  /// Gives all variables their old values back.
  void take_back() noexcept;

 private:
  friend class Trial;
  struct Kept {
    Variable variable;
    Tensor value;
  };
  using Pair = std::pair<const VariableImpl* const, Kept>;
  std::unordered_map<const VariableImpl*, Kept, std::hash<const VariableImpl*>, std::equal_to<>, PoolAllocator<Pair>>
      kept_;
  ThreadStateScope<&ThreadState::undo> current_;
};

/// While it lives, the calling thread computes only to find shapes, without lasting effects: variables get their values
/// back, generators do not advance, metrics and recurrent layers keep their states, and functions that are being traced
/// notice nothing.
class Trial {
 public:
  Trial() noexcept : current_(this) {}
  ~Trial() { undo_.take_back(); }
  static Trial* current() noexcept { return thread_state.trial; }
  /// Draws blocks of a generator at `position` without advancing it.
  std::uint64_t draw(const void* generator, std::uint64_t position, std::uint64_t blocks);

  /// Suspends a trial for changes that have to last, such as building a layer.
  class Suspended {
   public:
    Suspended() noexcept : Suspended(outermost()) {}

   private:
    explicit Suspended(const Trial* from) noexcept;
    ThreadStateScope<&ThreadState::trial> trial_;
    ThreadStateScope<&ThreadState::undo> undo_;
    ThreadStateScope<&ThreadState::tracer> tracer_;
  };

 private:
  static const Trial* outermost() noexcept;

  Untraced untraced_;
  Undo undo_;
  std::unordered_map<const void*, std::uint64_t> drawn_;
  ThreadStateScope<&ThreadState::trial> current_;
};

/// launched_as_one(), but in a trial it returns true without running f, so that the state does not change.
template <class F, class... T>
bool launched_or_tried(const F& f, const T&... tensors) {
  return Trial::current() != nullptr || launched_as_one(f, tensors...);
}

}  // namespace xtape::detail
