#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

namespace xtape::random {
class RandomLog;
class ReplayDraws;
}  // namespace xtape::random

namespace xtape::detail {

struct Autocast;
class ReadVariables;
class TapeImpl;
struct ThreadTapes;
class Tracer;
class Trial;
class Undo;
struct VariableHooks;

/// What a thread is in the middle of. Ops, variables, generators and layers ask it; whoever begins or ends something
/// sets its field, most often with a ThreadStateScope. Layers keep what is theirs themselves.
struct ThreadState {
  TapeImpl* innermost_tape = nullptr;  ///< of the tapes that record; each knows the next one outwards
  Tracer* tracer = nullptr;            ///< follows what the thread computes: see core/trace.hpp
  /// What tapes and the tracer want to know of variables; null where there is neither.
  const VariableHooks* variable_hooks = nullptr;
  /// The same while no tape records: the tracer's.
  const VariableHooks* untaped_variable_hooks = nullptr;
  ReadVariables* innermost_reader = nullptr;    ///< lists the variables that are read
  Autocast* autocast = nullptr;                 ///< of a layer of mixed precision that computes
  random::RandomLog* draws_log = nullptr;       ///< where draws of random numbers are noted
  random::ReplayDraws* draws_replay = nullptr;  ///< gives noted draws once more
  Undo* undo = nullptr;                         ///< keeps the values of variables that change
  Trial* trial = nullptr;                       ///< nothing of what the thread computes is to last
  bool recomputing = false;                     ///< for the second time, for a gradient
  std::uint64_t next_result_id = 0;             ///< see tape/result_ids.hpp
  ThreadTapes* tapes = nullptr;                 ///< what other threads ask of this thread's tapes
  bool tapes_gone = false;                      ///< the thread is ending
};
extern constinit thread_local ThreadState thread_state;

/// Sets a field of the calling thread's state for the object's life: ThreadStateScope<&ThreadState::undo>.
template <auto field>
class ThreadStateScope {
 public:
  using Value = std::remove_reference_t<decltype(std::declval<ThreadState&>().*field)>;
  explicit ThreadStateScope(Value value) noexcept : outer_(std::exchange(thread_state.*field, value)) {}
  ThreadStateScope(const ThreadStateScope&) = delete;
  ~ThreadStateScope() { thread_state.*field = outer_; }
  /// What the field was before.
  Value outer() const noexcept { return outer_; }

 private:
  Value outer_;
};

/// Whether the thread computes something for the second time, for its gradient (recompute_grad): what counts calls or
/// batches does not count this one.
inline bool being_recomputed() noexcept { return thread_state.recomputing; }

}  // namespace xtape::detail
