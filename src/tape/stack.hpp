#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "xtape/base/memory.hpp"

namespace xtape::detail {

/// A vector of trivial values, to which every recorded op appends: a push is a comparison and a store; growing is a
/// call that is not inlined.
template <class T>
class Stack {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  Stack() = default;
  Stack(const Stack&) = delete;
  ~Stack() { give_back(); }

  std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - begin_); }
  bool empty() const noexcept { return end_ == begin_; }
  /// Whether the next push has to grow.
  bool full() const noexcept { return end_ == limit_; }
  T& operator[](std::size_t i) noexcept { return begin_[i]; }
  const T& operator[](std::size_t i) const noexcept { return begin_[i]; }
  const T* begin() const noexcept { return begin_; }
  const T* end() const noexcept { return end_; }

  void push(const T& value) {
    const T own = value;  // a copy: `value` may be an element of the stack
    if (full()) [[unlikely]]
      grow(size() + 1);
    push_within(own);
  }
  /// push() to a stack that is not full.
  void push_within(const T& value) noexcept { *end_++ = value; }
  T& back() noexcept { return end_[-1]; }
  /// Appends default values until there are `count`.
  [[gnu::noinline]] void extend(std::size_t count) {
    if (count > static_cast<std::size_t>(limit_ - begin_)) grow(count);
    while (size() < count) *end_++ = T{};
  }
  void reserve(std::size_t count) {
    if (count > static_cast<std::size_t>(limit_ - begin_)) grow(count);
  }
  void clear() noexcept { end_ = begin_; }

 private:
  [[gnu::noinline, gnu::cold]] void grow(std::size_t least) {
    const std::size_t count = size(), room = std::max(least, 2 * count);
    std::uint8_t size_class = 0;
    auto* block = static_cast<T*>(allocate(room * sizeof(T), size_class));
    std::copy_n(begin_, count, block);
    give_back();
    begin_ = block;
    end_ = block + count;
    limit_ = block + room;
    size_class_ = size_class;
  }
  void give_back() noexcept {
    if (begin_ != nullptr) deallocate(begin_, size_class_);
  }

  T *begin_ = nullptr, *end_ = nullptr, *limit_ = nullptr;
  std::uint8_t size_class_ = 0;
};

}  // namespace xtape::detail
