#include "tape/tape_impl.hpp"

#include <mutex>
#include <utility>

#include "base/check.hpp"
#include "base/warn.hpp"
#include "tape/untrained_variables.hpp"
#include "tape/variable_hooks.hpp"
#include "tape/walk.hpp"

namespace xtape::detail {

namespace {

/// Locked by a thread that stops or destroys another thread's tape, and by that thread when it serves the requests.
std::mutex& foreign() {
  static std::mutex* const mutex = new std::mutex;
  return *mutex;
}

ThreadTapes* tapes_of_this_thread() {
  if (thread_state.tapes != nullptr || thread_state.tapes_gone) [[likely]]
    return thread_state.tapes;
  thread_local ThreadTapes tapes;
  return thread_state.tapes = &tapes;
}

}  // namespace

ThreadTapes::~ThreadTapes() {
  TapeImpl::serve_requests(*this);
  const std::lock_guard lock(foreign());
  thread_state.tapes = nullptr;
  thread_state.tapes_gone = true;
  // The tapes that are still in the list outlive their thread.
  for (TapeImpl* tape = std::exchange(thread_state.innermost_tape, nullptr); tape != nullptr;) {
    tape->recording_ = false;
    tape->home_ = nullptr;
    tape = std::exchange(tape->outer_, nullptr);
  }
}

void TapeImpl::serve_requests(ThreadTapes& tapes) noexcept {
  TapeImpl* to_delete = nullptr;
  {
    const std::lock_guard lock(foreign());
    TapeImpl* hidden = nullptr;
    for (TapeImpl* tape = tapes.requests.load(std::memory_order_relaxed); tape != nullptr;) {
      TapeImpl* const next = tape->next_request_;
      const TapeImpl* in_list = thread_state.innermost_tape;
      while (in_list != nullptr && in_list != tape) in_list = in_list->outer_;
      if (in_list == nullptr) {  // NoRecording has set the list aside for now
        tape->next_request_ = std::exchange(hidden, tape);
      } else {
        tape->requested_ = false;
        tape->leave_list();
        if (tape->to_be_destroyed_) tape->next_request_ = std::exchange(to_delete, tape);
      }
      tape = next;
    }
    tapes.requests.store(hidden, std::memory_order_relaxed);
  }
  while (to_delete != nullptr) delete std::exchange(to_delete, to_delete->next_request_);
}

bool TapeImpl::leave_to_own_thread(bool destroy) noexcept {
  const std::lock_guard lock(foreign());
  if (home_ == nullptr) return false;
  to_be_destroyed_ = destroy;
  if (!std::exchange(requested_, true)) {
    next_request_ = home_->requests.load(std::memory_order_relaxed);
    home_->requests.store(this, std::memory_order_relaxed);
  }
  return true;
}

void TapeImpl::destroy(TapeImpl* tape) noexcept {
  if (!tape->of_calling_thread() && tape->leave_to_own_thread(true)) return;
  delete tape;
}

void TapeImpl::stop_anywhere() noexcept {
  if (of_calling_thread() || !leave_to_own_thread(false)) stop();
}

void TapeImpl::start() {
  ThreadTapes* const home = tapes_of_this_thread();
  if (home != nullptr && home->requests.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
    serve_requests(*home);
  if (!of_calling_thread()) {
    if (record.num_slots() != 0) {
      fail<RuntimeError>("GradientTape", "a tape goes on recording only in the thread in which it began to");
    }
    record.begin_in_this_thread();
  }
  outer_ = thread_state.innermost_tape;
  thread_state.innermost_tape = this;
  home_ = home;
  recording_.store(true, std::memory_order_relaxed);
  plain_ = outer_ == nullptr && !options_.profile && observer == nullptr && forward == nullptr;
  set_variable_hooks();
  if (options_.profile) diagnostics.note_start();
}

void TapeImpl::resume() {
  if (std::exchange(used_up_, false)) forget_all();
  start();
}

void TapeImpl::forget_all() noexcept {
  record.clear();
  record.forget_variables();
  diagnostics.clear();
}

void TapeImpl::leave_list() noexcept {
  recording_.store(false, std::memory_order_relaxed);
  home_ = nullptr;
  TapeImpl** link = &thread_state.innermost_tape;
  while (*link != nullptr && *link != this) link = &(*link)->outer_;
  if (*link == this) *link = outer_;
  outer_ = nullptr;
  set_variable_hooks();
}

void TapeImpl::stop() noexcept {
  if (!recording()) return;
  ThreadTapes* const home = home_;
  leave_list();
  if (home != nullptr && home->requests.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
    serve_requests(*home);
}

void TapeImpl::check_usable() const {
  if (used_up_) {
    fail<RuntimeError>("GradientTape.gradient",
                       "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)");
  }
}

Tensors TapeImpl::gradient(std::span<const Tensor> targets, std::span<const Source> sources,
                           const GradientOptions& options, bool keep) {
  keep = keep || options_.persistent;
  Walk walk(record, targets, sources, options);
  if (auto* const untrained = UntrainedVariables::current()) untrained->note_gradient(record, targets, sources);
  const UntrainedVariables::Hidden in_rules;
  if (!options_.persistent) {
    stop();
  } else if (recording()) {
    static std::atomic<int> given{0};  // once per process, since a loop makes a tape in every step
    warn_limited(given, 1, "GradientTape.gradient",
                 "called inside the scope of a persistent tape: the backward ops are recorded as well, which costs "
                 "time and memory and is only of use for higher orders");
  }
  struct UseUp {
    TapeImpl* tape;
    ~UseUp() {
      if (tape == nullptr) return;
      tape->used_up_ = true;
      tape->record.give_back_tensors();
    }
  } use_up{keep ? nullptr : this};
  walk.run(keep, options_.profile ? &diagnostics : nullptr);
  if (!keep) record.note_rules_gone();
  return walk.results();
}

}  // namespace xtape::detail
