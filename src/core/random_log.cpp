#include "core/random_log.hpp"

namespace xtape::random {

const RandomLog::Draw* ReplayDraws::next_of_thread(std::uint64_t blocks) noexcept {
  ReplayDraws* const replay = detail::thread_state.draws_replay;
  if (replay == nullptr || replay->at_ == replay->log_.draws.size()) return nullptr;
  const RandomLog::Draw& draw = replay->log_.draws[replay->at_];
  if (draw.blocks != blocks) return nullptr;
  ++replay->at_;
  return &draw;
}

}  // namespace xtape::random
