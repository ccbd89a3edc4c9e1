#pragma once

#include <cstdint>

#include "xtape/core/thread_state.hpp"

// The ids of recorded results. A thread numbers its results, over all tapes. The id of a result minus the id at which a
// tape's record begins is its slot on that tape, so finding a slot needs no hash map. The high bits of an id are the
// number of the thread, so results of different threads cannot be confused.
namespace xtape::detail {

/// The id of the calling thread's next result: ThreadState::next_result_id, which is 0 before the first.
std::uint64_t upcoming_result_id();
/// Whether an id is one of the calling thread.
bool of_this_thread(std::uint64_t id);
/// The id at which a new record begins; each record begins at a different one.
std::uint64_t begin_record_id();

}  // namespace xtape::detail
