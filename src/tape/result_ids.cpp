#include "tape/result_ids.hpp"

#include <atomic>

namespace xtape::detail {
namespace {
std::atomic<std::uint64_t> threads_seen{0};
constexpr int bits_of_count = 44;
}  // namespace

std::uint64_t upcoming_result_id() {
  if (thread_state.next_result_id == 0) [[unlikely]]
    thread_state.next_result_id = (threads_seen.fetch_add(1, std::memory_order_relaxed) + 1) << bits_of_count;
  return thread_state.next_result_id;
}

bool of_this_thread(std::uint64_t id) { return id >> bits_of_count == upcoming_result_id() >> bits_of_count; }

std::uint64_t begin_record_id() {
  (void)upcoming_result_id();
  return ++thread_state.next_result_id;
}

}  // namespace xtape::detail
