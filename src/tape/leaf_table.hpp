#pragma once

#include <cstddef>

#include "tape/slot.hpp"
#include "xtape/base/memory.hpp"

namespace xtape::detail {

/// A hash map from address to slot for the leaves: watched tensors, and variables (with their first leaf). Open
/// addressing.
class LeafTable {
 public:
  Slot find(const void* key) const noexcept;
  void insert(const void* key, Slot slot);
  void clear() noexcept;

 private:
  struct Entry {
    const void* key = nullptr;
    Slot slot = no_slot;
  };
  std::size_t place(const void* key) const noexcept;
  PoolVector<Entry> entries_;
  std::size_t count_ = 0;
};

}  // namespace xtape::detail
