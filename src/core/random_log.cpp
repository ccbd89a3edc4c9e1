#include "core/random_log.hpp"

namespace xtape::random {

constinit thread_local RandomLog* draws_log = nullptr;
constinit thread_local ReplayDraws* draws_replay = nullptr;

RecordDraws::RecordDraws(RandomLog& log) noexcept : outer_(draws_log) { draws_log = &log; }
RecordDraws::~RecordDraws() { draws_log = outer_; }

ReplayDraws::ReplayDraws(const RandomLog& log) noexcept : log_(log), outer_(draws_replay) { draws_replay = this; }
ReplayDraws::~ReplayDraws() { draws_replay = outer_; }

const RandomLog::Draw* ReplayDraws::next(std::uint64_t blocks) noexcept {
  if (at_ == log_.draws.size() || log_.draws[at_].blocks != blocks) return nullptr;
  return &log_.draws[at_++];
}

}  // namespace xtape::random
