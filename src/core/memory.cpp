#include "xtape/core/memory.hpp"

#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>

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

namespace xtape::detail {
namespace {

constexpr std::uint8_t uncached = 255;  // the class of a block that goes back to the system

std::atomic<std::int64_t> system_allocations{0};
std::atomic<std::int64_t> system_bytes{0};

void* from_system(std::size_t bytes) {
  void* block = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (block == nullptr) throw std::bad_alloc();
  system_allocations.fetch_add(1, std::memory_order_relaxed);
  return block;
}

#if XTAPE_POOL

// Size classes in steps of an eighth of a power of two: 128, 144, ..., 256, 288, ... at 64-byte granularity, so that at
// most an eighth of a large block is wasted. Blocks beyond the last class are not cached.
constexpr std::size_t smallest = 128;
constexpr int classes = 8 * 34;
static_assert(classes > uncached, "the last representable class bounds what is cached");

struct Block {
  Block* next;
};

struct Class {
  std::size_t bytes;
  std::uint8_t index;
};

Class class_of(std::size_t bytes) {
  if (bytes <= smallest) return {smallest, 0};
  const int exponent = std::bit_width(bytes - 1) - 1;  // 2^exponent < bytes <= 2^(exponent + 1)
  const std::size_t step = std::size_t{1} << (exponent - 3);
  const std::size_t steps = (bytes - (std::size_t{1} << exponent) + step - 1) / step;
  const std::size_t rounded = (std::size_t{1} << exponent) + steps * step;
  const std::size_t index = static_cast<std::size_t>(exponent - 7) * 8 + steps;
  if (index >= uncached) return {bytes, uncached};
  return {(rounded + 63) / 64 * 64, static_cast<std::uint8_t>(index)};
}

std::size_t bytes_of(std::uint8_t index) {
  const std::size_t base = smallest << (index / 8);
  return (base + base / 8 * (index % 8) + 63) / 64 * 64;
}

void count_bytes(std::int64_t bytes) { system_bytes.fetch_add(bytes, std::memory_order_relaxed); }

void to_system(Block* list, std::uint8_t index) {
  while (list != nullptr) {
    Block* next = list->next;
    std::free(list);
    count_bytes(-static_cast<std::int64_t>(bytes_of(index)));
    list = next;
  }
}

// Blocks that one thread frees and another allocates (a prefetching thread and its consumer) travel through here in
// batches. Never destroyed: tensors in static storage may be freed after every destructor has run.
struct Shared {
  std::mutex mutex;
  Block* lists[classes] = {};
};
Shared& shared() {
  static Shared* const pool = new Shared;
  return *pool;
}

// A thread keeps up to this many bytes of a class (and at least two blocks) before it hands half of them over.
constexpr std::size_t keep_bytes = 64u << 20;

struct Cache {
  struct List {
    Block* head = nullptr;
    std::uint32_t count = 0;
    std::uint32_t limit = 0;
  };
  List lists[classes];

  Cache() {
    for (int i = 0; i < uncached; ++i) {
      const std::size_t blocks = keep_bytes / bytes_of(static_cast<std::uint8_t>(i));
      lists[i].limit = static_cast<std::uint32_t>(blocks < 2 ? 2 : blocks);
    }
  }
  ~Cache();

  void hand_over(int index, std::uint32_t keep) {
    List& list = lists[index];
    if (list.count <= keep) return;
    Block* first = list.head;
    Block* last = first;
    for (std::uint32_t i = 1; i < list.count - keep; ++i) last = last->next;
    list.head = last->next;
    list.count = keep;
    const std::lock_guard lock(shared().mutex);
    last->next = shared().lists[index];
    shared().lists[index] = first;
  }

  void fetch(int index) {
    List& list = lists[index];
    const std::lock_guard lock(shared().mutex);
    Block*& pool = shared().lists[index];
    while (pool != nullptr && list.count < list.limit / 2 + 1 && list.count < 64) {
      Block* block = pool;
      pool = block->next;
      block->next = list.head;
      list.head = block;
      ++list.count;
    }
  }
};

// The pointer is trivially destructible, so a tensor that dies after the thread's cache finds null and goes to the
// shared pool.
constinit thread_local Cache* cache = nullptr;
constinit thread_local bool cache_gone = false;

Cache::~Cache() {
  cache = nullptr;
  cache_gone = true;
  for (int i = 0; i < uncached; ++i) hand_over(i, 0);
}

Cache* make_cache() {
  if (cache_gone) return nullptr;
  thread_local Cache own;
  cache = &own;
  return cache;
}

#endif

}  // namespace

#if XTAPE_POOL

void* allocate(std::size_t bytes, std::uint8_t& size_class) {
  const Class c = class_of(bytes);
  size_class = c.index;
  if (c.index == uncached) {
    return from_system(bytes);
  }
  Cache* own = cache != nullptr ? cache : make_cache();
  if (own != nullptr) {
    auto& list = own->lists[c.index];
    if (list.head == nullptr) own->fetch(c.index);
    if (Block* block = list.head) {
      list.head = block->next;
      --list.count;
      return block;
    }
  }
  void* block = from_system(c.bytes);
  count_bytes(static_cast<std::int64_t>(c.bytes));
  return block;
}

void deallocate(void* pointer, std::uint8_t size_class) noexcept {
  if (size_class == uncached) return std::free(pointer);
  auto* block = static_cast<Block*>(pointer);
  Cache* own = cache != nullptr ? cache : make_cache();
  if (own == nullptr) {
    const std::lock_guard lock(shared().mutex);
    block->next = shared().lists[size_class];
    shared().lists[size_class] = block;
    return;
  }
  auto& list = own->lists[size_class];
  block->next = list.head;
  list.head = block;
  if (++list.count > list.limit) own->hand_over(size_class, list.limit / 2);
}

#else

void* allocate(std::size_t bytes, std::uint8_t& size_class) {
  size_class = uncached;
  return from_system(bytes);
}

void deallocate(void* pointer, std::uint8_t) noexcept { std::free(pointer); }

#endif

}  // namespace xtape::detail

namespace xtape {

MemoryStats memory_stats() { return {detail::system_allocations.load(), detail::system_bytes.load()}; }

void release_cached_memory() {
#if XTAPE_POOL
  using namespace detail;
  if (Cache* own = cache) {
    for (int i = 0; i < uncached; ++i) own->hand_over(i, 0);
  }
  const std::lock_guard lock(shared().mutex);
  for (int i = 0; i < uncached; ++i) {
    to_system(shared().lists[i], static_cast<std::uint8_t>(i));
    shared().lists[i] = nullptr;
  }
#endif
}

}  // namespace xtape
