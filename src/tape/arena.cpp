#include "tape/arena.hpp"

#include <algorithm>

namespace xtape::detail {

Arena::~Arena() {
  for (const auto& chunk : chunks_) deallocate(chunk.data, chunk.size_class);
}

void Arena::use(std::size_t chunk) noexcept {
  chunk_ = chunk;
  next_ = chunks_[chunk].data;
  end_ = next_ + chunks_[chunk].bytes;
}

std::byte* Arena::allocate_in_next_chunk(std::size_t bytes) {
  if (next_ != nullptr && chunk_ + 1 < chunks_.size() && bytes <= chunks_[chunk_ + 1].bytes) {
    use(chunk_ + 1);
  } else {
    // Chunk sizes double, so that a long record has few chunks and a short one needs little memory.
    const std::size_t last = chunks_.empty() ? 2048 : chunks_.back().bytes;
    const std::size_t size = std::max(std::min<std::size_t>(last * 2, 1u << 20), bytes);
    std::uint8_t size_class = 0;
    if (chunks_.size() == chunks_.capacity()) chunks_.reserve(2 * chunks_.size() + 4);  // first, because it may throw
    auto* data = static_cast<std::byte*>(detail::allocate(size, size_class));
    chunks_.push_back({data, size, size_class});
    use(chunks_.size() - 1);
  }
  return std::exchange(next_, next_ + bytes);
}

void Arena::clear() noexcept {
  if (!chunks_.empty()) use(0);
}

}  // namespace xtape::detail
