#include "xtape/base/memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <string_view>
#include <utility>

#include "base/pool.hpp"
#include "xtape/base/error.hpp"
#include "xtape/base/format.hpp"

#ifdef __linux__
#include <pthread.h>
#include <sys/mman.h>
#define XTAPE_MAP_MEMORY 1
#else
#define XTAPE_MAP_MEMORY 0
#endif

namespace xtape::detail {

constinit thread_local FreeList* free_lists = nullptr;

namespace {

/// Null if there is no memory.
void* from_malloc(std::size_t bytes) {
  void* block = nullptr;  // not aligned_alloc, which requires the size to be a multiple of the alignment
  return posix_memalign(&block, 64, bytes) == 0 ? block : nullptr;
}

#if XTAPE_MAP_MEMORY && XTAPE_POOL
// Large blocks use huge pages: the first write to a block of 128 MB takes 9 ms instead of 56 ms, and freeing it 0.5 ms
// instead of 10 ms.
constexpr std::size_t huge_page = std::size_t{2} << 20;

/// From this size on blocks are mapped and unmapped one by one, since malloc would keep freed memory.
constexpr std::size_t mapped_from = std::size_t{1} << 20;

constexpr std::size_t page = 4096;

std::size_t in_pages(std::size_t bytes) { return (bytes + page - 1) / page * page; }

void* map(std::size_t bytes) {
  bytes = in_pages(bytes);
  const std::size_t more = bytes >= 2 * huge_page ? huge_page : 0;
  void* const at = mmap(nullptr, bytes + more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  if (more == 0) return at;
  // Keeps the part of the mapping that begins at a huge page.
  auto* const begin = static_cast<std::byte*>(at);
  const std::size_t before = (huge_page - reinterpret_cast<std::uintptr_t>(begin) % huge_page) % huge_page;
  if (before > 0) munmap(begin, before);
  if (more > before) munmap(begin + before + bytes, more - before);
  madvise(begin + before, bytes, MADV_HUGEPAGE);  // only a hint
  return begin + before;
}

void unmap(void* begin, std::size_t bytes) { munmap(begin, in_pages(bytes)); }
#endif

/// Failures of allocations for tests: see AllocationFaults.
std::atomic<std::int64_t> faults_armed{0}, until_fault{0}, allocations_seen{0};

bool fails_now() {
  if (faults_armed.load(std::memory_order_relaxed) == 0) [[likely]]
    return false;
  allocations_seen.fetch_add(1, std::memory_order_relaxed);
  return until_fault.fetch_sub(1, std::memory_order_relaxed) == 1;
}

std::string readable(std::int64_t bytes) {
  constexpr std::int64_t unit = 1024;
  if (bytes < unit) return fmt::format("{} bytes", bytes);
  double value = static_cast<double>(bytes);
  const char* name = "bytes";
  for (const char* next : {"KB", "MB", "GB", "TB", "PB"}) {
    if (value < static_cast<double>(unit)) break;
    value /= static_cast<double>(unit);
    name = next;
  }
  return fmt::format("{:.1f} {} ({} bytes)", value, name, bytes);
}

#if XTAPE_POOL

constexpr int classes = uncached;

std::size_t bytes_of(std::uint8_t index) {
  const std::size_t base = smallest_block << (index / 8);
  return (base + base / 8 * (index % 8) + 63) / 64 * 64;
}

// A loop over several arrays (a weight, its gradient, Adam's slots) is slow if all of them begin at the same offset in
// a page: the processor assumes that a load depends on a store whose address ends in the same 12 bits. So blocks from
// 32 KB on begin in turn at eight offsets in a page; the header before a block holds its real beginning. A training
// step of 784-100-10 takes 108 us instead of 118, of 784-128-10 with dropout 91 us instead of 107.
constexpr std::size_t placed_from = std::size_t{32} << 10, places = 8, place_step = 512, front = 64;
std::atomic<std::uint32_t> next_place{0};

/// The header before a placed block.
struct Front {
  void* begin;
  std::size_t bytes;  ///< from there on
};

void* from_system(std::size_t bytes) {
  if (bytes < placed_from) return from_malloc(bytes);
  const std::size_t all = bytes + front + places * place_step;
#if XTAPE_MAP_MEMORY
  void* const begin = all >= mapped_from ? map(all) : from_malloc(all);
#else
  void* const begin = from_malloc(all);
#endif
  if (begin == nullptr) return nullptr;
  std::byte* const block =
      static_cast<std::byte*>(begin) + front + next_place.fetch_add(1, std::memory_order_relaxed) % places * place_step;
  *reinterpret_cast<Front*>(block - front) = {begin, all};
  return block;
}

void to_system(void* block, std::size_t bytes) noexcept {
  if (bytes < placed_from) return std::free(block);
  const Front at = *reinterpret_cast<Front*>(static_cast<std::byte*>(block) - front);
#if XTAPE_MAP_MEMORY
  if (at.bytes >= mapped_from) return unmap(at.begin, at.bytes);
#endif
  std::free(at.begin);
}

/// Threads keep free blocks of classes up to this size; larger free blocks are in the shared pool.
constexpr std::size_t kept_up_to = std::size_t{256} << 10;
bool kept_by_threads(std::uint8_t index) { return index != uncached && bytes_of(index) <= kept_up_to; }

/// A thread keeps up to this many bytes of a class (and at least two blocks), then gives half of them to the shared
/// pool.
constexpr std::size_t keep_bytes = std::size_t{1} << 20;

std::atomic<std::int64_t> clock_advance{0};

/// Seconds since a fixed time, from a clock that is cheap to read.
std::int64_t now() {
#ifdef CLOCK_MONOTONIC_COARSE
  constexpr clockid_t clock = CLOCK_MONOTONIC_COARSE;
#else
  constexpr clockid_t clock = CLOCK_MONOTONIC;
#endif
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::int64_t>(time.tv_sec) + clock_advance.load(std::memory_order_relaxed);
}

/// A block in the shared pool.
struct IdleBlock {
  IdleBlock *newer, *older;
  std::int64_t since;   ///< the value of Shared::clock_ when it became idle
  std::int64_t second;  ///< when
};

struct IdleList {
  IdleBlock *newest = nullptr, *oldest = nullptr;
};

struct Cache;

// The state that all threads share: the counts of bytes, and the idle blocks that no thread keeps. Never destroyed,
// since tensors in static storage may be freed after all destructors have run.
//
// The limit of idle memory. Blocks that every training step reuses must stay; blocks of sizes that are not used again
// must go. Up to 64 MB all blocks stay. Beyond that, the blocks that have been idle longest are returned, unless all
// held memory is within `worth`. `worth` grows when a block is requested of a class of which one was returned. So the
// first step of a training returns its blocks, the second makes `worth` large enough, and from the third on they stay.
// `worth` is at most twice the peak of the last 10 to 20 seconds, and blocks that were idle for that time are returned.
class Shared {
 public:
  /// An idle block of the class. If null, the caller has to allocate one from the system, which is already counted, and
  /// to return `victims` to it.
  void* take(std::uint8_t index, IdleBlock*& victims);
  void count_uncached(std::int64_t bytes);
  /// The allocation that was counted has failed.
  void failed(std::int64_t bytes);
  /// Takes a free block into the pool.
  void give(void* block, std::uint8_t index, IdleBlock*& victims);
  /// Removes and returns all idle blocks.
  IdleBlock* take_all();
  MemoryStats usage();
  void reset_peak();

  void put(FreeBlock* block, std::uint8_t index);
  void* get(std::uint8_t index);
  void shrink(IdleBlock*& victims);

  std::mutex mutex;         ///< the caller locks it for take, give, put, get and shrink; the others lock it themselves
  Cache* caches = nullptr;  ///< of all threads

 private:
  std::int64_t in_use() const { return held_ - idle_; }
  static constexpr std::int64_t always_kept = std::int64_t{64} << 20, window = 10;

  void note_use();
  void turn_window();
  void remove(IdleBlock* block, std::uint8_t index);
  /// Moves the block that has been idle longest to `victims`; false if there is none.
  bool evict(IdleBlock*& victims, std::int64_t idle_since_second);

  IdleList lists_[classes] = {};
  std::uint32_t missed_[classes] = {};  ///< returned blocks that may be requested again
  std::int64_t clock_ = 0;
  std::int64_t held_ = 0, idle_ = 0;
  std::int64_t requests_ = 0;
  std::int64_t peak_ = 0;
  std::int64_t window_began_ = 0, peak_of_window_ = 0, peak_of_last_ = 0;
  std::int64_t worth_ = 0;
  std::int64_t last_aged_ = 0;
};

Shared& shared() {
  static Shared* const pool = [] {
    auto* const made = new Shared;
#if XTAPE_MAP_MEMORY
    // In the child of fork() the lock must not be held by a thread that does not exist there.
    pthread_atfork([] { shared().mutex.lock(); }, [] { shared().mutex.unlock(); }, [] { shared().mutex.unlock(); });
#endif
    return made;
  }();
  return *pool;
}

void give_back(IdleBlock* victims) noexcept {
  while (victims != nullptr) {
    IdleBlock* const next = victims->newer;
    to_system(victims, static_cast<std::size_t>(victims->since));
    victims = next;
  }
}

struct Cache {
  FreeList lists[classes];
  Cache *next = nullptr, *before = nullptr;

  Cache() {
    for (int i = 0; i < classes; ++i) {
      const auto index = static_cast<std::uint8_t>(i);
      const std::size_t blocks = kept_by_threads(index) ? std::max<std::size_t>(2, keep_bytes / bytes_of(index)) : 0;
      lists[i].limit = static_cast<std::uint32_t>(blocks);
    }
    const std::lock_guard lock(shared().mutex);
    next = shared().caches;
    if (next != nullptr) next->before = this;
    shared().caches = this;
  }
  ~Cache();

  /// Gives all but `keep` blocks of a class to the shared pool.
  void give_to_shared(std::uint8_t index, std::uint32_t keep) {
    FreeList& list = lists[index];
    if (list.count() <= keep) return;
    IdleBlock* victims = nullptr;
    {
      const std::lock_guard lock(shared().mutex);
      while (list.count() > keep) shared().put(list.pop(), index);
      shared().shrink(victims);
    }
    give_back(victims);
  }

  /// Returns a block of the class, and fetches some more for later.
  void* fetch(std::uint8_t index, IdleBlock*& victims) {
    FreeList& list = lists[index];
    const std::lock_guard lock(shared().mutex);
    void* const block = shared().take(index, victims);
    if (block == nullptr) return nullptr;
    while (list.count() < std::min<std::uint32_t>(list.limit / 2, 64)) {
      void* const more = shared().get(index);
      if (more == nullptr) break;
      list.push(static_cast<FreeBlock*>(more));
    }
    return block;
  }

  std::int64_t bytes() const {
    std::int64_t sum = 0;
    for (int i = 0; i < classes; ++i) {
      const auto index = static_cast<std::uint8_t>(i);
      if (!kept_by_threads(index)) break;
      sum += static_cast<std::int64_t>(lists[i].count()) * static_cast<std::int64_t>(bytes_of(index));
    }
    return sum;
  }
};

void Shared::put(FreeBlock* block_, std::uint8_t index) {
  auto* const block = new (static_cast<void*>(block_)) IdleBlock{nullptr, nullptr, ++clock_, now()};
  IdleList& list = lists_[index];
  block->older = list.newest;
  (list.newest != nullptr ? list.newest->newer : list.oldest) = block;
  list.newest = block;
  idle_ += static_cast<std::int64_t>(bytes_of(index));
}

void Shared::remove(IdleBlock* block, std::uint8_t index) {
  IdleList& list = lists_[index];
  (block->newer != nullptr ? block->newer->older : list.newest) = block->older;
  (block->older != nullptr ? block->older->newer : list.oldest) = block->newer;
  idle_ -= static_cast<std::int64_t>(bytes_of(index));
}

void* Shared::get(std::uint8_t index) {
  IdleBlock* const block = lists_[index].newest;
  if (block != nullptr) remove(block, index);
  return block;
}

bool Shared::evict(IdleBlock*& victims, std::int64_t idle_since_second) {
  int oldest = -1;
  for (int i = 0; i < classes; ++i) {
    const IdleBlock* const block = lists_[i].oldest;
    if (block != nullptr && (oldest < 0 || block->since < lists_[oldest].oldest->since)) oldest = i;
  }
  if (oldest < 0) return false;
  IdleBlock* const block = lists_[oldest].oldest;
  if (block->second > idle_since_second) return false;
  const auto index = static_cast<std::uint8_t>(oldest);
  remove(block, index);
  if (missed_[oldest] < 1u << 20) ++missed_[oldest];
  held_ -= static_cast<std::int64_t>(bytes_of(index));
  block->newer = victims;
  block->since = static_cast<std::int64_t>(bytes_of(index));  // give_back() needs the size
  victims = block;
  return true;
}

void Shared::shrink(IdleBlock*& victims) {
  turn_window();
  while (idle_ > always_kept && held_ > worth_ && evict(victims, std::numeric_limits<std::int64_t>::max())) {
  }
  const std::int64_t second = now();
  if (second == last_aged_) return;
  last_aged_ = second;
  while (idle_ > 0 && evict(victims, second - window)) {
  }
}

void Shared::turn_window() {
  const std::int64_t second = now();
  if (second - window_began_ < window) return;
  peak_of_last_ = second - window_began_ < 2 * window ? peak_of_window_ : in_use();
  peak_of_window_ = in_use();
  window_began_ = second;
  worth_ = std::min(worth_, 2 * std::max(peak_of_window_, peak_of_last_));
  for (auto& missed : missed_) missed /= 2;
}

void Shared::note_use() {
  peak_ = std::max(peak_, in_use());
  peak_of_window_ = std::max(peak_of_window_, in_use());
}

void* Shared::take(std::uint8_t index, IdleBlock*& victims) {
  const auto bytes = static_cast<std::int64_t>(bytes_of(index));
  if (void* const block = get(index)) {
    note_use();
    return block;
  }
  held_ += bytes;
  ++requests_;
  note_use();
  if (missed_[index] > 0) {
    --missed_[index];
    worth_ = std::max(worth_, std::min(held_, 2 * std::max(peak_of_window_, peak_of_last_)));
  }
  shrink(victims);
  return nullptr;
}

void Shared::give(void* block, std::uint8_t index, IdleBlock*& victims) {
  put(static_cast<FreeBlock*>(block), index);
  shrink(victims);
}

void Shared::count_uncached(std::int64_t bytes) {
  const std::lock_guard lock(mutex);
  held_ += bytes;
  requests_ += bytes > 0;
  note_use();
}

void Shared::failed(std::int64_t bytes) {
  const std::lock_guard lock(mutex);
  held_ -= bytes;
}

IdleBlock* Shared::take_all() {
  IdleBlock* victims = nullptr;
  const std::lock_guard lock(mutex);
  while (evict(victims, std::numeric_limits<std::int64_t>::max())) {
  }
  worth_ = 0;  // what was in use before says nothing about what comes
  peak_of_window_ = peak_of_last_ = in_use();
  return victims;
}

MemoryStats Shared::usage() {
  MemoryStats stats;
  const std::lock_guard lock(mutex);
  stats.system_allocations = requests_;
  stats.system_bytes = held_;
  stats.bytes_cached = idle_;
  for (const Cache* cache = caches; cache != nullptr; cache = cache->next) stats.bytes_cached += cache->bytes();
  stats.bytes_in_use = held_ - stats.bytes_cached;
  stats.peak_bytes = std::max(peak_, stats.bytes_in_use);
  return stats;
}

void Shared::reset_peak() {
  const std::lock_guard lock(mutex);
  peak_ = in_use();
}

// A trivially destructible pointer: a tensor that is freed after the thread's cache finds null and gives its block to
// the shared pool.
constinit thread_local Cache* cache = nullptr;
constinit thread_local bool cache_gone = false;

Cache::~Cache() {
  cache = nullptr;
  free_lists = nullptr;
  cache_gone = true;
  for (int i = 0; i < classes; ++i) give_to_shared(static_cast<std::uint8_t>(i), 0);
  const std::lock_guard lock(shared().mutex);
  (before != nullptr ? before->next : shared().caches) = next;
  if (next != nullptr) next->before = before;
}

/// What a library that is loaded while the program runs may have of a thread's own storage is about 2 KB for all of
/// them; a cache is 4 KB, so it lies elsewhere. Where there is no memory for it the thread goes without.
Cache* own_cache() {
  if (cache != nullptr || cache_gone) return cache;
  thread_local std::unique_ptr<Cache> own;
  own.reset(new (std::nothrow) Cache);
  cache = own.get();
  if (cache != nullptr && faults_armed.load(std::memory_order_relaxed) == 0) free_lists = cache->lists;
  return cache;
}

void flush() {
  if (Cache* const own = cache) {
    for (int i = 0; i < classes; ++i) own->give_to_shared(static_cast<std::uint8_t>(i), 0);
  }
  give_back(shared().take_all());
}

#else

// Without a pool every block has a header with its size.
constexpr std::size_t front = 64;
std::atomic<std::int64_t> held{0}, peak{0}, requests{0};

void count_bytes(std::int64_t bytes) {
  const std::int64_t now = held.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::int64_t highest = peak.load(std::memory_order_relaxed);
  while (highest < now && !peak.compare_exchange_weak(highest, now, std::memory_order_relaxed)) {
  }
}

#endif

}  // namespace

#if XTAPE_POOL

void* allocate_slowly(SizeClass size, const char* op, const Shape* shape, DType dtype) {
  const Request request{op, shape, dtype};
  if (fails_now()) fail_allocation(size.bytes, request);
  const auto bytes = static_cast<std::int64_t>(size.bytes);
  IdleBlock* victims = nullptr;
  if (size.index == uncached) {
    shared().count_uncached(bytes);
  } else {
    Cache* const own = kept_by_threads(size.index) ? own_cache() : nullptr;
    void* block = nullptr;
    if (own != nullptr) {
      block = own->fetch(size.index, victims);
    } else {
      const std::lock_guard lock(shared().mutex);
      block = shared().take(size.index, victims);
    }
    if (block != nullptr) return block;
    give_back(victims);
  }
  void* block = from_system(size.bytes);
  if (block == nullptr) {
    flush();
    block = from_system(size.bytes);
  }
  if (block == nullptr) {
    shared().failed(bytes);
    fail_allocation(size.bytes, request);
  }
  return block;
}

void deallocate_slowly(void* pointer, std::uint8_t size_class) noexcept {
  if (size_class == uncached) {
    const Front at = *reinterpret_cast<Front*>(static_cast<std::byte*>(pointer) - front);
    const std::size_t bytes = at.bytes - front - places * place_step;
    shared().count_uncached(-static_cast<std::int64_t>(bytes));
    return to_system(pointer, bytes);
  }
  if (kept_by_threads(size_class)) {
    if (Cache* const own = own_cache()) {
      FreeList& list = own->lists[size_class];
      list.push(static_cast<FreeBlock*>(pointer));
      if (list.count() > list.limit) own->give_to_shared(size_class, list.limit / 2);
      return;
    }
  }
  IdleBlock* victims = nullptr;
  {
    const std::lock_guard lock(shared().mutex);
    shared().give(pointer, size_class, victims);
  }
  give_back(victims);
}

#else

void* allocate_slowly(SizeClass size, const char* op, const Shape* shape, DType dtype) {
  const Request request{op, shape, dtype};
  if (fails_now()) fail_allocation(size.bytes, request);
  void* const begin = from_malloc(size.bytes + front);
  if (begin == nullptr) fail_allocation(size.bytes, request);
  requests.fetch_add(1, std::memory_order_relaxed);
  count_bytes(static_cast<std::int64_t>(size.bytes));
  *static_cast<std::size_t*>(begin) = size.bytes;
  return static_cast<std::byte*>(begin) + front;
}

void deallocate_slowly(void* pointer, std::uint8_t) noexcept {
  void* const begin = static_cast<std::byte*>(pointer) - front;
  count_bytes(-static_cast<std::int64_t>(*static_cast<std::size_t*>(begin)));
  std::free(begin);
}

#endif

void fail_allocation(std::size_t bytes, const Request& request) {
  const MemoryStats stats = memory_stats();
  // The default op name in a gradient's rule is "operator()".
  const char* const op = std::string_view(request.op).starts_with("operator") ? "gradient" : request.op;
  try {
    const std::string what = request.shape != nullptr
                                 ? fmt::format("a {} tensor of shape {}", request.dtype, *request.shape)
                                 : "scratch memory";
    throw OutOfMemoryError(fmt::format("[{}] out of memory: asked for {} for {}; in use are {}, cached {}", op,
                                       readable(static_cast<std::int64_t>(bytes)), what, readable(stats.bytes_in_use),
                                       readable(stats.bytes_cached)));
  } catch (const OutOfMemoryError&) {
    throw;
  } catch (const std::bad_alloc&) {  // no memory for the text either: this string needs none
    throw OutOfMemoryError("[out of memory]");
  }
}

void* allocate(std::size_t bytes, std::uint8_t& size_class, const char* op) {
  return fast_allocate(bytes, size_class, op);
}
void deallocate(void* block, std::uint8_t size_class) noexcept { fast_deallocate(block, size_class); }

void advance_cache_clock([[maybe_unused]] std::int64_t seconds) {
#if XTAPE_POOL
  clock_advance.fetch_add(seconds, std::memory_order_relaxed);
#endif
}

AllocationFaults::AllocationFaults(std::int64_t nth) {
#if XTAPE_POOL
  free_lists = nullptr;
#endif
  allocations_seen.store(0);
  until_fault.store(nth);
  faults_armed.fetch_add(1);
}
AllocationFaults::~AllocationFaults() {
  faults_armed.fetch_sub(1);
#if XTAPE_POOL
  if (cache != nullptr) free_lists = cache->lists;
#endif
}
std::int64_t AllocationFaults::seen() const { return allocations_seen.load(); }

}  // namespace xtape::detail

namespace xtape {

#if XTAPE_POOL
MemoryStats memory_stats() { return detail::shared().usage(); }
void reset_peak_memory() { detail::shared().reset_peak(); }
void release_cached_memory() { detail::flush(); }
#else
MemoryStats memory_stats() {
  MemoryStats stats;
  stats.system_allocations = detail::requests.load(std::memory_order_relaxed);
  stats.system_bytes = stats.bytes_in_use = detail::held.load(std::memory_order_relaxed);
  stats.peak_bytes = detail::peak.load(std::memory_order_relaxed);
  return stats;
}
void reset_peak_memory() { detail::peak.store(detail::held.load()); }
void release_cached_memory() {}
#endif

}  // namespace xtape
