#pragma once

#include <cstdint>

namespace xtape::testing {

/// Counts the allocations of all threads and libraries by malloc, calloc, realloc, aligned_alloc and posix_memalign,
/// and so by operator new. The test program replaces these functions. Read value() before a CHECK, which allocates
/// itself.
class AllocationCount {
 public:
  AllocationCount() : begin_(total()) {}
  std::int64_t value() const { return total() - begin_; }

  /// False under a sanitizer, which needs these functions for itself, and without glibc: nothing is counted then.
  static bool available();

 private:
  static std::int64_t total();
  std::int64_t begin_;
};

/// Whether freed blocks are cached. Under AddressSanitizer they are not.
bool pooled();

}  // namespace xtape::testing
