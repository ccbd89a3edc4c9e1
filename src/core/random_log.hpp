#pragma once

#include <cstddef>
#include <cstdint>

#include "xtape/base/memory.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/core/thread_state.hpp"

namespace xtape::random {

/// The draws of the calling thread from all generators, so that a computation can be repeated with the same numbers.
class RandomLog {
 public:
  struct Draw {
    std::uint64_t seed, position, blocks;
    Tensor traced = {};  ///< int64 [2]: seed and position in each replay of a function that is being traced
  };
  detail::PoolVector<Draw> draws;
};

/// Notes the calling thread's draws in a log while it lives.
class RecordDraws {
 public:
  explicit RecordDraws(RandomLog& log) noexcept : log_(&log) {}

 private:
  detail::ThreadStateScope<&detail::ThreadState::draws_log> log_;
};

/// While it lives, the calling thread gets the draws of a log again, in their order; the generators do not advance.
/// Further draws come from the generators.
class ReplayDraws {
 public:
  explicit ReplayDraws(const RandomLog& log) noexcept : log_(log), replay_(this) {}
  /// The next draw that the calling thread has to repeat, or null.
  static const RandomLog::Draw* next_of_thread(std::uint64_t blocks) noexcept;

 private:
  const RandomLog& log_;
  std::size_t at_ = 0;
  detail::ThreadStateScope<&detail::ThreadState::draws_replay> replay_;
};

}  // namespace xtape::random
