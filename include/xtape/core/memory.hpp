#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace xtape {

/// What the caching allocator holds, over all threads.
struct MemoryStats {
  std::int64_t system_allocations = 0;  ///< how often memory was asked of the system so far
  std::int64_t system_bytes = 0;        ///< bytes held from the system: in use and cached
};
MemoryStats memory_stats();

/// Gives the cached blocks of the calling thread and of the shared pool back to the system.
void release_cached_memory();

namespace detail {

/// A 64-byte aligned block of at least `bytes` bytes from the calling thread's cache; `size_class` is needed to free
/// it.
void* allocate(std::size_t bytes, std::uint8_t& size_class);
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
