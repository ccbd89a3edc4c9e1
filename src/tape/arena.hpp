#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "xtape/base/memory.hpp"

namespace xtape::detail {

/// The next multiple of a power of two.
inline constexpr std::size_t rounded_up(std::size_t number, std::size_t multiple) {
  return (number + multiple - 1) & ~(multiple - 1);
}

/// Memory for recorded ops. It grows in chunks and is freed as a whole; clear() keeps the chunks for the next use.
class Arena {
 public:
  ~Arena();
  /// Allocates bytes with the alignment of a pointer.
  std::byte* allocate(std::size_t bytes) {
    bytes = rounded_up(bytes, word);
    if (bytes <= static_cast<std::size_t>(end_ - next_)) [[likely]]
      return std::exchange(next_, next_ + bytes);
    return allocate_in_next_chunk(bytes);
  }
  /// What allocate() would return next, and how many bytes are free there in this chunk.
  std::byte* next() const noexcept { return next_; }
  std::size_t room() const noexcept { return static_cast<std::size_t>(end_ - next_); }
  /// Allocates the memory from next() to `end`, which is within room() and aligned as a pointer.
  void take_until(std::byte* end) noexcept { next_ = end; }
  /// Undoes the latest allocation.
  void undo(std::byte* latest) noexcept { next_ = latest; }
  void clear() noexcept;

 private:
  static constexpr std::size_t word = alignof(void*);
  struct Chunk {
    std::byte* data;
    std::size_t bytes;
    std::uint8_t size_class;
  };
  [[gnu::noinline]] std::byte* allocate_in_next_chunk(std::size_t bytes);
  void use(std::size_t chunk) noexcept;

  PoolVector<Chunk> chunks_;
  std::size_t chunk_ = 0;  ///< the chunk being filled
  std::byte *next_ = nullptr, *end_ = nullptr;
};

}  // namespace xtape::detail
