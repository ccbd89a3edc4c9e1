#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "xtape/base/dtype.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/base/shape.hpp"

// AddressSanitizer can only see a use after free when every block is freed for real.
#if defined(__SANITIZE_ADDRESS__)
#define XTAPE_POOL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define XTAPE_POOL 0
#endif
#endif
#ifndef XTAPE_POOL
#define XTAPE_POOL 1
#endif

// The fast path of the allocator, which is inlined; the rest is in memory.cpp.
namespace xtape::detail {

struct FreeBlock {
  FreeBlock* next;
};

/// The free blocks of one size class that a thread keeps. Other threads may read the count.
struct FreeList {
  FreeBlock* head = nullptr;
  std::atomic<std::uint32_t> blocks{0};
  std::uint32_t limit = 0;

  std::uint32_t count() const noexcept { return blocks.load(std::memory_order_relaxed); }
  void push(FreeBlock* block) noexcept {
    block->next = head;
    head = block;
    blocks.store(count() + 1, std::memory_order_relaxed);
  }
  /// Only for a list that is not empty.
  FreeBlock* pop() noexcept {
    FreeBlock* const block = head;
    head = block->next;
    blocks.store(count() - 1, std::memory_order_relaxed);
    return block;
  }
};

/// The purpose of a block, for the error text if there is no memory.
struct Request {
  const char* op;
  const Shape* shape = nullptr;  ///< of the tensor; null: scratch memory
  DType dtype = DType::float32;
};

/// Throws an OutOfMemoryError.
[[noreturn, gnu::cold]] void fail_allocation(std::size_t bytes, const Request& request);

/// Makes cached blocks older, for tests.
void advance_cache_clock(std::int64_t seconds);

/// For tests: while it lives, the nth allocation from now on fails, in any thread; 0 only counts allocations. The
/// calling thread does not use its free lists, so that each of its allocations counts.
class AllocationFaults {
 public:
  explicit AllocationFaults(std::int64_t nth);
  ~AllocationFaults();
  AllocationFaults(const AllocationFaults&) = delete;
  AllocationFaults& operator=(const AllocationFaults&) = delete;
  std::int64_t seen() const;
};

/// The calling thread's free lists, one for each class; null before the first use and after the thread's end.
extern constinit thread_local FreeList* free_lists;

inline constexpr std::uint8_t uncached = 255;  ///< the class of a block that is not cached
inline constexpr std::size_t smallest_block = 128;

struct SizeClass {
  std::size_t bytes;
  std::uint8_t index;
};

/// Size classes in steps of an eighth of a power of two: 128, 144, ..., 256, 288, ... at 64-byte granularity, so that
/// at most an eighth of a large block is wasted. Blocks beyond the last class are not cached.
inline SizeClass class_of(std::size_t bytes) {
  if (bytes <= smallest_block) return {smallest_block, 0};
  const int exponent = std::bit_width(bytes - 1) - 1;  // 2^exponent < bytes <= 2^(exponent + 1)
  const std::size_t step = std::size_t{1} << (exponent - 3);
  const std::size_t steps = (bytes - (std::size_t{1} << exponent) + step - 1) >> (exponent - 3);
  const std::size_t rounded = (std::size_t{1} << exponent) + steps * step;
  const std::size_t index = static_cast<std::size_t>(exponent - 7) * 8 + steps;
  if (index >= uncached) return {bytes, uncached};
  return {(rounded + 63) / 64 * 64, static_cast<std::uint8_t>(index)};
}

/// Allocates a block if the thread's list is empty. The arguments are those of a Request, in registers: a Request in
/// memory would be written for each allocation of the fast path as well.
void* allocate_slowly(SizeClass size, const char* op, const Shape* shape, DType dtype);
/// Frees a block if the thread has no lists, or its list is full.
void deallocate_slowly(void* block, std::uint8_t size_class) noexcept;

/// A block from the calling thread's list, or null.
inline void* cached_block(SizeClass size) {
#if XTAPE_POOL
  if (free_lists != nullptr && size.index != uncached) [[likely]] {
    FreeList& list = free_lists[size.index];
    if (list.head != nullptr) [[likely]]
      return list.pop();
  }
#else
  static_cast<void>(size);
#endif
  return nullptr;
}

inline void* fast_allocate(std::size_t bytes, std::uint8_t& size_class, const char* op, const Shape* shape = nullptr,
                           DType dtype = DType::float32) {
  const SizeClass size = class_of(bytes);
  size_class = XTAPE_POOL ? size.index : uncached;
  void* const block = cached_block(size);
  if (block != nullptr) [[likely]]
    return block;
  return allocate_slowly(size, op, shape, dtype);
}

inline void fast_deallocate(void* pointer, std::uint8_t size_class) noexcept {
#if XTAPE_POOL
  if (free_lists != nullptr && size_class != uncached) [[likely]] {
    FreeList& list = free_lists[size_class];
    if (list.count() < list.limit) [[likely]]
      return list.push(static_cast<FreeBlock*>(pointer));
  }
#endif
  deallocate_slowly(pointer, size_class);
}

}  // namespace xtape::detail
