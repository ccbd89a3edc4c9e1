#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "xtape/base/compiler.hpp"

namespace xtape::random {
class RandomLog;
class ReplayDraws;
}  // namespace xtape::random

namespace xtape::detail {

struct Autocast;
class ReadVariables;
class TapeImpl;
struct ThreadTapes;
class TracedContext;
class Tracer;
class Trial;
class Undo;
class UntrainedVariables;
struct VariableHooks;

/// The context in which a thread computes: what records, traces or repeats its ops. Ops, variables, generators and
/// layers read it. Code that begins or ends something sets its field, mostly by a ThreadStateScope. The context of
/// layers is a struct of its own (LayerThread).
struct ThreadState {
  TapeImpl* innermost_tape = nullptr;  ///< of the recording tapes; each knows the next outer one
  Tracer* tracer = nullptr;            ///< notes what the thread computes: see core/trace.hpp
  /// What variables call to inform tapes and the tracer; null if there is neither.
  const VariableHooks* variable_hooks = nullptr;
  /// What variable_hooks is while no tape records: the tracer's hooks.
  const VariableHooks* untaped_variable_hooks = nullptr;
  ReadVariables* innermost_reader = nullptr;          ///< notes the variables that are read
  Autocast* autocast = nullptr;                       ///< of the mixed-precision layer that computes
  random::RandomLog* draws_log = nullptr;             ///< notes draws of random numbers
  random::ReplayDraws* draws_replay = nullptr;        ///< repeats noted draws
  Undo* undo = nullptr;                               ///< keeps the old values of variables that change
  Trial* trial = nullptr;                             ///< undoes every effect of what the thread computes
  const TracedContext* traced_context = nullptr;      ///< where in layers and gradients a traced op is: for errors
  UntrainedVariables* untrained_variables = nullptr;  ///< notes the variables that gradients leave out
  bool recomputing = false;                           ///< the thread repeats a computation for a gradient
  std::uint64_t next_result_id = 0;                   ///< see tape/result_ids.hpp
  ThreadTapes* tapes = nullptr;                       ///< requests of other threads to this thread's tapes
  bool tapes_gone = false;                            ///< the thread is ending
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

}  // namespace xtape::detail

namespace xtape {

/// Whether the calling thread repeats a computation for its gradient: see recompute_grad. A layer whose calls change
/// something, such as an average over batches, does not change it again then:
///
///     if (training() && !being_recomputed()) mean_.assign(mean_ * 0.99 + reduce_mean(x, 0) * 0.01);
inline bool being_recomputed() noexcept { return detail::thread_state.recomputing; }

}  // namespace xtape
