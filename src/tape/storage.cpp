#include <algorithm>
#include <cstddef>

#include "tape/tape_impl.hpp"

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
    // Chunks double, so that a long record needs few of them and a short one little memory.
    const std::size_t last = chunks_.empty() ? 2048 : chunks_.back().bytes;
    const std::size_t size = std::max(std::min<std::size_t>(last * 2, 1u << 20), bytes);
    std::uint8_t size_class = 0;
    if (chunks_.size() == chunks_.capacity())
      chunks_.reserve(2 * chunks_.size() + 4);  // may throw: before there is one
    auto* data = static_cast<std::byte*>(detail::allocate(size, size_class));
    chunks_.push_back({data, size, size_class});
    use(chunks_.size() - 1);
  }
  return std::exchange(next_, next_ + bytes);
}

void Arena::clear() noexcept {
  if (!chunks_.empty()) use(0);
}

std::size_t LeafTable::place(const void* key) const noexcept {
  const std::size_t mask = entries_.size() - 1;
  std::size_t i = (reinterpret_cast<std::uintptr_t>(key) >> 4) * 0x9e3779b97f4a7c15u >> 32 & mask;
  while (entries_[i].key != nullptr && entries_[i].key != key) i = (i + 1) & mask;
  return i;
}

Slot LeafTable::find(const void* key) const noexcept {
  if (count_ == 0) return no_slot;
  return entries_[place(key)].slot;
}

void LeafTable::insert(const void* key, Slot slot) {
  if (entries_.size() < 2 * (count_ + 1)) {
    PoolVector<Entry> old(std::max<std::size_t>(32, entries_.size() * 2));
    old.swap(entries_);
    for (const auto& entry : old) {
      if (entry.key != nullptr) entries_[place(entry.key)] = entry;
    }
  }
  entries_[place(key)] = {key, slot};
  ++count_;
}

void LeafTable::clear() noexcept {
  if (count_ > 0) std::fill(entries_.begin(), entries_.end(), Entry{});
  count_ = 0;
}

}  // namespace xtape::detail
