#include "support/allocation_count.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "xtape/base/memory.hpp"
#include "xtape/core/creation.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define XTAPE_COUNT_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define XTAPE_COUNT_ALLOCATIONS 0
#endif
#endif
#ifndef XTAPE_COUNT_ALLOCATIONS
#define XTAPE_COUNT_ALLOCATIONS 1
#endif

namespace {
constinit std::atomic<std::int64_t> allocations{0};
}

namespace xtape::testing {

bool AllocationCount::available() { return XTAPE_COUNT_ALLOCATIONS == 1; }
std::int64_t AllocationCount::total() { return allocations.load(std::memory_order_relaxed); }

bool pooled() {
  const auto before = memory_stats().system_allocations;
  for (int i = 0; i < 4; ++i) static_cast<void>(zeros({100}));
  return memory_stats().system_allocations - before < 2;
}

}  // namespace xtape::testing

#if XTAPE_COUNT_ALLOCATIONS

// glibc lets a program define the whole family and keeps its own under these names.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, bytes);
}
void* realloc(void* block, std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(block, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  *block = memalign(alignment, bytes);
  return *block == nullptr ? ENOMEM : 0;
}
void free(void* block) { __libc_free(block); }
}

#endif
