#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>

#include "core/trace.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/core/variable.hpp"

// How what the calling thread changes beside tensors can be taken back: the variables that a step assigned before it
// failed, and all that a layer changes while it is only tried.
namespace xtape::detail {

/// Keeps the values of the variables that the calling thread assigns to, for the object's life. A value that is kept is
/// copied by the first assignment, as of a tensor that somebody else holds.
class Undo {
 public:
  Undo() noexcept : current_(this) {}
  /// The innermost one of the calling thread, or null.
  static Undo* current() noexcept { return thread_state.undo; }
  /// Before the variable's first change. Variable's assignments call it; what writes elements itself has to.
  void keep(const Variable& variable);
  /// Gives all variables their values back.
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

/// While it lives, the calling thread computes to find out shapes: nothing of it lasts. Variables get their values
/// back, generators do not move on, metrics and recurrent layers keep their states, functions that are being traced
/// see nothing.
class Trial {
 public:
  Trial() noexcept : current_(this) {}
  ~Trial() { undo_.take_back(); }
  static Trial* current() noexcept { return thread_state.trial; }
  /// Hands out blocks of a generator, whose position stands at `position`, without moving it.
  std::uint64_t draw(const void* generator, std::uint64_t position, std::uint64_t blocks);

  /// The other way round, inside of a trial: what is to last, such as building a layer.
  class ForReal {
   public:
    ForReal() noexcept : ForReal(outermost()) {}

   private:
    explicit ForReal(const Trial* from) noexcept;
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

/// launched_as_one() for what keeps a state beside tensors, such as a metric; in a trial it returns true as well, and
/// nothing is run.
template <class F, class... T>
bool launched_or_tried(const F& f, const T&... tensors) {
  return Trial::current() != nullptr || launched_as_one(f, tensors...);
}

}  // namespace xtape::detail
