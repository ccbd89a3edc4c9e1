#pragma once

#include <cstdint>

#include "xtape/core/thread_state.hpp"

// The numbers of recorded results. A thread counts its results, whatever tape records them; minus the number at which a
// tape's record begins, the number of a result is its slot on that tape, so that finding a result needs no hash map.
// The numbers of a thread begin with the thread's own number: a result of one thread is never taken for one of another.
namespace xtape::detail {

/// The number of the calling thread's next result: ThreadState::next_result_id, which is 0 before its first.
std::uint64_t upcoming_result_id();
/// Whether a number is one of the calling thread's.
bool of_this_thread(std::uint64_t id);
/// Where a record that begins now begins; no two records begin at the same number.
std::uint64_t begin_record_id();

}  // namespace xtape::detail
