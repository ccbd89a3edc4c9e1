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

/// Memory for recorded ops: grows in chunks, is given back all at once, and keeps its chunks for the next use.
class Arena {
 public:
  ~Arena();
  /// Room for so many bytes, at an address that suits a pointer.
  std::byte* allocate(std::size_t bytes) {
    bytes = rounded_up(bytes, word);
    if (bytes <= static_cast<std::size_t>(end_ - next_)) [[likely]]
      return std::exchange(next_, next_ + bytes);
    return allocate_in_next_chunk(bytes);
  }
  /// What allocate() would return next, and how many bytes it has there without another chunk.
  std::byte* next() const noexcept { return next_; }
  std::size_t room() const noexcept { return static_cast<std::size_t>(end_ - next_); }
  /// Allocates what lies before `end`, a multiple of a pointer's alignment away and within room().
  void take_until(std::byte* end) noexcept { next_ = end; }
  /// Takes back the latest allocation.
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
  std::size_t chunk_ = 0;  ///< the one being filled
  std::byte *next_ = nullptr, *end_ = nullptr;
};

}  // namespace xtape::detail
