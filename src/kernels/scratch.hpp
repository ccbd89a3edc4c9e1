#pragma once

#include <cstddef>

#include "xtape/base/memory.hpp"

namespace xtape::kernels {

/// A block of uninitialised memory from the calling thread's cache for the object's life. If there is no memory, an
/// OutOfMemoryError names the function that asked.
class Scratch {
 public:
  explicit Scratch(std::size_t bytes, const char* op = __builtin_FUNCTION())
      : block_(bytes == 0 ? nullptr : detail::allocate(bytes, size_class_, op)) {}
  ~Scratch() {
    if (block_ != nullptr) detail::deallocate(block_, size_class_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void* data() const { return block_; }

 private:
  std::uint8_t size_class_ = 0;
  void* block_;
};

}  // namespace xtape::kernels
