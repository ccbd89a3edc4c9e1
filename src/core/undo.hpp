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
  Undo() noexcept;
  Undo(const Undo&) = delete;
  ~Undo();
  /// The innermost one of the calling thread, or null.
  static Undo* current() noexcept;
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
  Undo* outer_;
};

/// While it lives, the calling thread computes to find out shapes: nothing of it lasts. Variables get their values
/// back, generators do not move on, metrics and recurrent layers keep their states, functions that are being traced
/// see nothing.
class Trial {
 public:
  Trial() noexcept;
  Trial(const Trial&) = delete;
  ~Trial();
  static Trial* current() noexcept;
  /// Hands out blocks of a generator, whose position stands at `position`, without moving it.
  std::uint64_t draw(const void* generator, std::uint64_t position, std::uint64_t blocks);

  /// The other way round, inside of a trial: what is to last, such as building a layer.
  class ForReal {
   public:
    ForReal() noexcept;
    ForReal(const ForReal&) = delete;
    ~ForReal();

   private:
    Trial* trial_;
    Undo* undo_;
    Tracer* tracer_;
  };

 private:
  Untraced untraced_;
  Undo undo_;
  std::unordered_map<const void*, std::uint64_t> drawn_;
  Trial* outer_;
};

/// launched_as_one() for what keeps a state beside tensors, such as a metric; in a trial it returns true as well, and
/// nothing is run.
template <class F, class... T>
bool launched_or_tried(const F& f, const T&... tensors) {
  return Trial::current() != nullptr || launched_as_one(f, tensors...);
}

}  // namespace xtape::detail
