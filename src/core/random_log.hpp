#pragma once

#include <cstddef>
#include <cstdint>

#include "xtape/base/memory.hpp"
#include "xtape/core/tensor.hpp"

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
  explicit RecordDraws(RandomLog& log) noexcept;
  RecordDraws(const RecordDraws&) = delete;
  ~RecordDraws();

 private:
  RandomLog* outer_;
};

/// Gives the calling thread the draws of a log again, in their order, without a generator moving on. Draws beyond the
/// log's come from the generators.
class ReplayDraws {
 public:
  explicit ReplayDraws(const RandomLog& log) noexcept;
  ReplayDraws(const ReplayDraws&) = delete;
  ~ReplayDraws();
  /// The next draw, or null.
  const RandomLog::Draw* next(std::uint64_t blocks) noexcept;

 private:
  const RandomLog& log_;
  std::size_t at_ = 0;
  ReplayDraws* outer_;
};

extern constinit thread_local RandomLog* draws_log;
extern constinit thread_local ReplayDraws* draws_replay;

}  // namespace xtape::random
