#pragma once

#include <cstddef>
#include <cstdint>

// Stores that bypass the caches. An ordinary store to memory that is not in a cache first reads what it overwrites,
// which adds a third to the traffic of a sum of two arrays, and evicts what was in the caches.
namespace xtape::kernels {

/// Bytes of an output from which on they pay: three quarters of the last cache. A reader would not find such an output
/// in the cache anyway.
std::int64_t stream_threshold() noexcept;

/// Copies to memory that does not overlap. Call stream_fence() before another thread reads it.
void stream_copy(void* to, const void* from, std::int64_t bytes) noexcept;
void stream_fence() noexcept;

/// A copy of any size, on several threads where that helps.
void copy_bytes(void* to, const void* from, std::int64_t bytes);
/// Bytes of one value, on several threads where that helps.
void fill_bytes(void* to, int value, std::int64_t bytes);

}  // namespace xtape::kernels
