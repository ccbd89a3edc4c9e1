#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "xtape/base/compiler.hpp"

namespace xtape {

/// The sizes of a tensor's axes, outermost first. Up to six axes live in the object itself, more on the heap.
class Shape {
 public:
  static constexpr int max_inline_rank = 6;

  Shape() noexcept : inline_{} {}
  Shape(std::initializer_list<std::int64_t> sizes) : inline_{} { assign(sizes.begin(), sizes.size()); }
  explicit Shape(std::span<const std::int64_t> sizes) : inline_{} { assign(sizes.data(), sizes.size()); }
  Shape(const std::vector<std::int64_t>& sizes) : inline_{} { assign(sizes.data(), sizes.size()); }
  Shape(const Shape& other) { copy(other); }  // not cleared first: each result of an op copies a shape
  Shape(Shape&& other) noexcept { take(other); }
  /// Copies a shape that the caller knows to have at most max_inline_rank axes.
  struct Few {};
  Shape(Few, const Shape& other) noexcept : rank_(other.rank_) { std::memcpy(inline_, other.inline_, sizeof inline_); }
  Shape& operator=(const Shape& other) {
    if (this == &other) return *this;
    if (rank_ <= max_inline_rank && other.rank_ <= max_inline_rank) {
      copy(other);
    } else {
      Shape temporary(other);
      release();
      take(temporary);
    }
    return *this;
  }
  Shape& operator=(Shape&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }
  ~Shape() { release(); }

  int rank() const noexcept { return rank_; }
  /// The number of elements, the product of all sizes: 1 for a scalar.
  std::int64_t numel() const noexcept {
    std::int64_t n = 1;
    for (const auto size : *this) n *= size;
    return n;
  }
  const std::int64_t* begin() const noexcept { return rank_ > max_inline_rank ? heap_ : inline_; }
  const std::int64_t* end() const noexcept { return begin() + rank_; }
  std::int64_t* begin() noexcept { return rank_ > max_inline_rank ? heap_ : inline_; }
  std::int64_t* end() noexcept { return begin() + rank_; }
  /// The size of an axis; negative counts from the end. Throws an IndexError outside the rank.
  std::int64_t operator[](int axis) const { return begin()[checked("Shape[]", axis)]; }
  std::int64_t& operator[](int axis) { return begin()[checked("Shape[]", axis)]; }
  std::int64_t at(int axis) const { return begin()[checked("Shape.at", axis)]; }
  std::int64_t back() const { return at(-1); }

  operator std::span<const std::int64_t>() const noexcept { return {begin(), static_cast<std::size_t>(rank_)}; }

  friend bool operator==(const Shape& a, const Shape& b) noexcept {
    if (a.rank_ != b.rank_) return false;
    const auto *x = a.begin(), *y = b.begin();
    for (int i = 0; i < a.rank_; ++i) {
      if (x[i] != y[i]) return false;
    }
    return true;
  }

  /// As Python prints a tuple: "()", "(3,)", "(2, 3)".
  std::string str() const;

 private:
  int checked(const char* op, int axis) const {
    const int place = axis < 0 ? axis + rank_ : axis;
    if (static_cast<unsigned>(place) >= static_cast<unsigned>(rank_)) [[unlikely]]
      throw_outside(op, axis);
    return place;
  }
  [[noreturn, gnu::cold]] void throw_outside(const char* op, int axis) const;
  void assign(const std::int64_t* sizes, std::size_t rank) {
    rank_ = static_cast<int>(rank);
    if (rank_ > max_inline_rank) heap_ = new std::int64_t[rank];
    if (rank_ > 0) std::memcpy(begin(), sizes, rank * sizeof(std::int64_t));
  }
  void copy(const Shape& other) {
    rank_ = other.rank_;
    std::memcpy(inline_, other.inline_, sizeof inline_);
    if (rank_ > max_inline_rank) [[unlikely]]
      copy_heap();
  }
  [[gnu::cold, gnu::noinline]] void copy_heap() { assign(heap_, static_cast<std::size_t>(rank_)); }
  void take(Shape& other) noexcept {
    rank_ = other.rank_;
    std::memcpy(inline_, other.inline_, sizeof inline_);
    other.rank_ = 0;
  }
  void release() noexcept {
    if (rank_ > max_inline_rank) delete[] heap_;
  }

  int rank_ = 0;
  union {
    std::int64_t inline_[max_inline_rank];
    std::int64_t* heap_;
  };
};

}  // namespace xtape
