#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <vector>

#include "xtape/base/compiler.hpp"

namespace xtape {

/// What the caching allocator holds, over all threads. Tensors, tapes and scratch memory of kernels come from it.
struct MemoryStats {
  std::int64_t system_allocations = 0;  ///< the number of allocations from the system so far
  std::int64_t system_bytes = 0;        ///< bytes held from the system: in use and cached
  std::int64_t bytes_in_use = 0;        ///< in allocated blocks, whose sizes are rounded up
  std::int64_t bytes_cached = 0;        ///< in free blocks that are kept for reuse
  /// The most bytes in use since the start or reset_peak_memory(). Blocks of up to 256 KB that a thread keeps for its
  /// next use count as used.
  std::int64_t peak_bytes = 0;
};

/// The current figures; they are exact if no other thread allocates at the same time. Takes a few microseconds.
MemoryStats memory_stats();

/// Sets the peak to the bytes in use now.
void reset_peak_memory();

/// Returns the cached blocks of the calling thread and of the shared pool to the system. Programs rarely need it: it
/// also happens before an allocation fails, and the cache is limited. Its limit is 64 MB beside the blocks in use.
/// Where blocks are reused, as in every training step, it may grow until cached and used blocks together reach twice
/// the recent peak. Blocks that were not used for some 10 seconds are returned at the next allocation.
void release_cached_memory();

namespace detail {

/// A 64-byte aligned block of at least `bytes` bytes from the calling thread's cache; `size_class` is needed to free
/// it. Throws an OutOfMemoryError that names `op`.
void* allocate(std::size_t bytes, std::uint8_t& size_class, const char* op = "memory");
/// Returns a block to the calling thread's cache, whichever thread allocated it.
void deallocate(void* block, std::uint8_t size_class) noexcept;

/// std::allocator's interface on the cache, so that containers of a training step make no call to malloc.
template <class T>
struct PoolAllocator {
  using value_type = T;
  PoolAllocator() = default;
  template <class U>
  PoolAllocator(const PoolAllocator<U>&) noexcept {}
  T* allocate(std::size_t n) {
    if (n > (std::numeric_limits<std::size_t>::max() - header) / sizeof(T)) throw std::bad_array_new_length();
    std::uint8_t size_class;
    auto* block = static_cast<std::byte*>(detail::allocate(n * sizeof(T) + header, size_class));
    *reinterpret_cast<std::uint8_t*>(block) = size_class;
    return reinterpret_cast<T*>(block + header);
  }
  void deallocate(T* pointer, std::size_t) noexcept {
    auto* block = reinterpret_cast<std::byte*>(pointer) - header;
    detail::deallocate(block, *reinterpret_cast<std::uint8_t*>(block));
  }
  friend bool operator==(const PoolAllocator&, const PoolAllocator&) { return true; }

 private:
  static constexpr std::size_t header = 64;
};

template <class T>
using PoolVector = std::vector<T, PoolAllocator<T>>;

}  // namespace detail
}  // namespace xtape
