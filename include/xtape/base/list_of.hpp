#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <vector>

#include "xtape/base/compiler.hpp"

namespace xtape {

/// A list as a parameter: takes {0, 2, 1} or a vector of T. It refers to the caller's list, so it allocates nothing.
template <class T>
class ListOf {
 public:
  ListOf() = default;
  ListOf(std::initializer_list<T> values) : values_(values), size_(values.size()) {}
  template <class Allocator>
  ListOf(const std::vector<T, Allocator>& values) : data_(values.data()), size_(values.size()) {}
  explicit ListOf(std::span<const T> values) : data_(values.data()), size_(values.size()) {}

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const T* begin() const noexcept { return data_ != nullptr ? data_ : values_.begin(); }
  const T* end() const noexcept { return begin() + size_; }
  const T& operator[](std::size_t i) const noexcept { return begin()[i]; }
  operator std::span<const T>() const noexcept { return {begin(), size_}; }

 private:
  std::initializer_list<T> values_;
  const T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace xtape
