#include "tape/leaf_table.hpp"

#include <algorithm>
#include <cstdint>

namespace xtape::detail {

// The index of the key, or of the free entry for it. Fibonacci hashing of the address without its low bits, which are
// 0.
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
  // At most half full, so that probes are short. The size is a power of two.
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
