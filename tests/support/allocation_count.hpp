#pragma once

#include <cstdint>

namespace xtape::testing {

/// Counts how often any thread asks the system for memory: malloc, calloc, realloc, aligned_alloc, posix_memalign, by
/// whatever library, and so operator new as well. The test program replaces these functions for it. Read value() before
/// a CHECK, which allocates itself.
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

/// Whether freed blocks are kept for the next tensors: under AddressSanitizer every block comes from the system and
/// goes back at once.
bool pooled();

}  // namespace xtape::testing
