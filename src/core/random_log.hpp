#pragma once

#include <cstddef>
#include <cstdint>

#include "xtape/base/memory.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/core/thread_state.hpp"

namespace xtape::random {

/// Which parts of random sequences the calling thread took, whatever generators they belong to, so that a computation
/// can be run again with the same numbers.
class RandomLog {
 public:
  struct Draw {
    std::uint64_t seed, position, blocks;
    Tensor traced = {};  ///< int64 [2]: seed and position in each replay of a function that is being traced
  };
  detail::PoolVector<Draw> draws;
};

/// Notes the calling thread's draws in a log for the object's life.
class RecordDraws {
 public:
  explicit RecordDraws(RandomLog& log) noexcept : log_(&log) {}

 private:
  detail::ThreadStateScope<&detail::ThreadState::draws_log> log_;
};

/// Gives the calling thread the draws of a log again, in their order, without a generator moving on. Draws beyond the
/// log's come from the generators.
class ReplayDraws {
 public:
  explicit ReplayDraws(const RandomLog& log) noexcept : log_(log), replay_(this) {}
  /// The next draw that the calling thread is to repeat, or null.
  static const RandomLog::Draw* next_of_thread(std::uint64_t blocks) noexcept;

 private:
  const RandomLog& log_;
  std::size_t at_ = 0;
  detail::ThreadStateScope<&detail::ThreadState::draws_replay> replay_;
};

}  // namespace xtape::random
