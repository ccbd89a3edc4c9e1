#include "xtape/core/memory.hpp"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>

#include "core/pool.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace xtape::detail {

constinit thread_local FreeList* free_lists = nullptr;

namespace {

std::atomic<std::int64_t> system_allocations{0};
std::atomic<std::int64_t> system_bytes{0};

// Large blocks lie on huge pages: the first write to one of 128 MB takes 9 ms rather than 56 ms, and giving it back
// 0.5 ms rather than 10 ms.
constexpr std::size_t huge_page = std::size_t{2} << 20;

void* from_system(std::size_t bytes) {
  const bool large = bytes >= 2 * huge_page;
  void* block = nullptr;  // not aligned_alloc: by its letter the size would have to be a multiple of a huge page
  if (posix_memalign(&block, large ? huge_page : 64, bytes) != 0) throw std::bad_alloc();
#ifdef __linux__
  if (large) madvise(block, bytes / huge_page * huge_page, MADV_HUGEPAGE);  // a wish: without it all is as before
#endif
  system_allocations.fetch_add(1, std::memory_order_relaxed);
  return block;
}

#if XTAPE_POOL

constexpr int classes = uncached;

std::size_t bytes_of(std::uint8_t index) {
  const std::size_t base = smallest_block << (index / 8);
  return (base + base / 8 * (index % 8) + 63) / 64 * 64;
}

// A loop that reads some arrays and writes others side by side (a weight, its gradient, Adam's slots) must not find all
// of them at the same place of a page: the processor takes a load to depend on a store whose address ends in the same
// 12 bits. So blocks of some size begin at eight places of a page in turns; in front of a block stands where it really
// begins. A training step of 784-100-10 takes 108 us rather than 118, of 784-128-10 with dropout 91 us rather than 107.
constexpr std::size_t placed_from = std::size_t{32} << 10, places = 8, place_step = 512, front = 64;
std::atomic<std::uint32_t> next_place{0};

void* placed_from_system(std::size_t bytes) {
  if (bytes < placed_from) return from_system(bytes);
  auto* begin = static_cast<std::byte*>(from_system(bytes + front + places * place_step));
  std::byte* block = begin + front + next_place.fetch_add(1, std::memory_order_relaxed) % places * place_step;
  *reinterpret_cast<void**>(block - front) = begin;
  return block;
}

void give_back(void* block, std::size_t bytes) {
  std::free(bytes < placed_from ? block : *reinterpret_cast<void**>(static_cast<std::byte*>(block) - front));
}

void count_bytes(std::int64_t bytes) { system_bytes.fetch_add(bytes, std::memory_order_relaxed); }

void to_system(FreeBlock* list, std::uint8_t index) {
  while (list != nullptr) {
    FreeBlock* next = list->next;
    give_back(list, bytes_of(index));
    count_bytes(-static_cast<std::int64_t>(bytes_of(index)));
    list = next;
  }
}

// Blocks that one thread frees and another allocates (a prefetching thread and its consumer) travel through here in
// batches. Never destroyed: tensors in static storage may be freed after every destructor has run.
struct Shared {
  std::mutex mutex;
  FreeBlock* lists[classes] = {};
};
Shared& shared() {
  static Shared* const pool = new Shared;
  return *pool;
}

// A thread keeps up to this many bytes of a class (and at least two blocks) before it hands half of them over.
constexpr std::size_t keep_bytes = 64u << 20;

struct Cache {
  FreeList lists[classes];

  Cache() {
    for (int i = 0; i < classes; ++i) {
      const std::size_t blocks = keep_bytes / bytes_of(static_cast<std::uint8_t>(i));
      lists[i].limit = static_cast<std::uint32_t>(blocks < 2 ? 2 : blocks);
    }
  }
  ~Cache();

  void hand_over(int index, std::uint32_t keep) {
    FreeList& list = lists[index];
    if (list.count <= keep) return;
    FreeBlock* first = list.head;
    FreeBlock* last = first;
    for (std::uint32_t i = 1; i < list.count - keep; ++i) last = last->next;
    list.head = last->next;
    list.count = keep;
    const std::lock_guard lock(shared().mutex);
    last->next = shared().lists[index];
    shared().lists[index] = first;
  }

  void fetch(int index) {
    FreeList& list = lists[index];
    const std::lock_guard lock(shared().mutex);
    FreeBlock*& pool = shared().lists[index];
    while (pool != nullptr && list.count < list.limit / 2 + 1 && list.count < 64) {
      FreeBlock* block = pool;
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
  free_lists = nullptr;
  cache_gone = true;
  for (int i = 0; i < classes; ++i) hand_over(i, 0);
}

Cache* own_cache() {
  if (cache != nullptr || cache_gone) return cache;
  thread_local Cache own;
  cache = &own;
  free_lists = own.lists;
  return cache;
}

#endif

}  // namespace

#if XTAPE_POOL

void* allocate_slowly(SizeClass size) {
  if (size.index == uncached) return from_system(size.bytes);
  if (Cache* own = own_cache()) {
    FreeList& list = own->lists[size.index];
    if (list.head == nullptr) own->fetch(size.index);
    if (FreeBlock* block = list.head) {
      list.head = block->next;
      --list.count;
      return block;
    }
  }
  void* block = placed_from_system(size.bytes);
  count_bytes(static_cast<std::int64_t>(size.bytes));
  return block;
}

void deallocate_slowly(void* pointer, std::uint8_t size_class) noexcept {
  if (size_class == uncached) return std::free(pointer);
  auto* block = static_cast<FreeBlock*>(pointer);
  Cache* own = own_cache();
  if (own == nullptr) {
    const std::lock_guard lock(shared().mutex);
    block->next = shared().lists[size_class];
    shared().lists[size_class] = block;
    return;
  }
  FreeList& list = own->lists[size_class];
  block->next = list.head;
  list.head = block;
  if (++list.count > list.limit) own->hand_over(size_class, list.limit / 2);
}

#else

void* allocate_slowly(SizeClass size) { return from_system(size.bytes); }

void deallocate_slowly(void* pointer, std::uint8_t) noexcept { std::free(pointer); }

#endif

void* allocate(std::size_t bytes, std::uint8_t& size_class) { return fast_allocate(bytes, size_class); }
void deallocate(void* block, std::uint8_t size_class) noexcept { fast_deallocate(block, size_class); }

}  // namespace xtape::detail

namespace xtape {

MemoryStats memory_stats() { return {detail::system_allocations.load(), detail::system_bytes.load()}; }

void release_cached_memory() {
#if XTAPE_POOL
  using namespace detail;
  if (Cache* own = cache) {
    for (int i = 0; i < classes; ++i) own->hand_over(i, 0);
  }
  const std::lock_guard lock(shared().mutex);
  for (int i = 0; i < classes; ++i) {
    to_system(shared().lists[i], static_cast<std::uint8_t>(i));
    shared().lists[i] = nullptr;
  }
#endif
}

}  // namespace xtape
