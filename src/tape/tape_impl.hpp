#pragma once

#include <atomic>
#include <memory>
#include <span>

#include "tape/diagnostics.hpp"
#include "tape/forward.hpp"
#include "tape/tape_record.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape::detail {

class TapeImpl;

/// Requests of other threads to stop or destroy tapes in this thread's list. The thread serves them when it next uses
/// its list, or when it ends.
struct ThreadTapes {
  ~ThreadTapes();
  std::atomic<TapeImpl*> requests{nullptr};  ///< the first of a list of tapes; changed under a lock
};

/// The implementation of GradientTape: a record, its diagnostics, and a link in the list of the tapes that record on
/// their thread, from the innermost outwards.
///
/// Only the thread itself changes its list, so recording takes no lock. Another thread that stops or destroys a tape
/// leaves a request for the tape's thread.
class TapeImpl {
 public:
  explicit TapeImpl(GradientTapeOptions options) : diagnostics(record), options_(options) {}
  TapeImpl(const TapeImpl&) = delete;
  ~TapeImpl() { stop(); }

  /// Deletes a tape, on any thread. If the tape is in another thread's list, that thread deletes it.
  static void destroy(TapeImpl* tape) noexcept;
  /// Whether the tape began to record on the calling thread.
  bool of_calling_thread() const noexcept { return of_this_thread(record.first_id()); }

  static void* operator new(std::size_t) { return PoolAllocator<TapeImpl>().allocate(1); }
  static void operator delete(void* tape) { PoolAllocator<TapeImpl>().deallocate(static_cast<TapeImpl*>(tape), 1); }

  /// Enters the calling thread's list of recording tapes.
  void start();
  /// The same, with a new record if gradient() has used up the last one.
  void resume();
  /// Leaves the list.
  void stop() noexcept;
  /// The same, on any thread; on another one it leaves a request for the tape's thread.
  void stop_anywhere() noexcept;
  bool recording() const noexcept { return recording_.load(std::memory_order_relaxed); }
  TapeImpl* outer() const noexcept { return outer_; }
  /// Whether a new op only has to be appended to the record.
  bool plain() const noexcept { return plain_; }
  const GradientTapeOptions& options() const noexcept { return options_; }

  /// The gradients of `sources`; uses up the record unless the tape is persistent or `keep` is set.
  Tensors gradient(std::span<const Tensor> targets, std::span<const Source> sources, const GradientOptions& options,
                   bool keep = false);
  /// Whether gradient() of a tape that is not persistent has used up the record: the rules are destroyed, but what
  /// explain() needs still exists.
  bool used_up() const noexcept { return used_up_; }
  /// Throws a RuntimeError if the record is used up.
  void check_usable() const;
  void forget_all() noexcept;

  TapeRecord record;  // first, so that the most used data are at the address of the tape
  Diagnostics diagnostics;
  /// Sees every op of the thread, tracked or not; set before start().
  Observer* observer = nullptr;
  /// Of an accumulator, which is in the list in the place of a tape and records nothing; set before start().
  std::unique_ptr<Forward> forward;

 private:
  friend struct ThreadTapes;
  /// Leaves a request for the tape's thread; false if that thread has ended, or the tape is in no list.
  bool leave_to_own_thread(bool destroy) noexcept;
  static void serve_requests(ThreadTapes& tapes) noexcept;
  void leave_list() noexcept;

  GradientTapeOptions options_;
  TapeImpl* outer_ = nullptr;
  ThreadTapes* home_ = nullptr;       ///< of the thread in whose list the tape is
  TapeImpl* next_request_ = nullptr;  ///< in ThreadTapes
  bool requested_ = false, to_be_destroyed_ = false;
  std::atomic<bool> recording_{false};
  bool plain_ = false;
  bool used_up_ = false;
};

}  // namespace xtape::detail
