#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

#include "xtape/base/config.hpp"
#include "xtape/base/list_of.hpp"
#include "xtape/core/tensor.hpp"

// Parts of tensors, as by Python's brackets, and elements by lists of indices. The ops take every dtype; gradients flow
// through floating ones.
namespace xtape {

/// Python's start:stop:step as an item of index(): `Slice{1, 5}` is 1:5, `Slice{{}, {}, -1}` is ::-1. Negative bounds
/// count from the end; bounds beyond the axis mean its end.
struct Slice {
  Slice() = default;
  Slice(std::optional<std::int64_t> start_, std::optional<std::int64_t> stop_, std::optional<std::int64_t> step_ = {})
      : start(start_), stop(stop_), step(step_) {}

  std::optional<std::int64_t> start, stop, step;
};

/// The type of `ellipsis`: all axes to which no other item refers.
struct Ellipsis {};
/// The type of `newaxis`: an axis of size 1.
struct NewAxis {};

/// Python's ":", a whole axis. It is a function because compilers would warn of a user's local variable `all` if it
/// were a variable.
inline auto all() -> Slice { return {}; }
inline constexpr Ellipsis ellipsis{};
inline constexpr NewAxis newaxis{};

/// One item of index(): an integer, a Slice, `all`, `ellipsis` or `newaxis`.
class IndexItem {
 public:
  enum class Kind { integer, slice, rest, added };

  template <std::integral I>
  requires(!std::is_same_v<I, bool>) IndexItem(I number) : kind_(Kind::integer), number_(number) {}
  IndexItem(const Slice& slice) : kind_(Kind::slice), slice_(slice) {}
  IndexItem(Slice (*make)()) : IndexItem(make()) {}
  IndexItem(Ellipsis) : kind_(Kind::rest) {}
  IndexItem(NewAxis) : kind_(Kind::added) {}

  Kind kind() const noexcept { return kind_; }
  std::int64_t number() const noexcept { return number_; }
  const Slice& slice() const& noexcept { return slice_; }
  Slice slice() const&& { return slice_; }
  /// The number, Slice{start, stop, step}, Ellipsis{}, or none for a new axis.
  ConfigValue config() const;

 private:
  Kind kind_;
  std::int64_t number_ = 0;
  Slice slice_;
};

/// Python's indexing: x[1::2, 0, ..., None] is
///
///     index(x, {Slice{1, {}, 2}, 0, ellipsis, newaxis})
///
/// An integer takes one slice of its axis, which disappears; axes without an item are taken whole. The result shares
/// x's elements if they are contiguous. Throws an IndexError for an integer outside its axis and for more items than
/// axes, a ValueError for a step of 0 or two ellipses.
Tensor index(const Tensor& x, ListOf<IndexItem> items);

/// x[begin[0]:end[0]:strides[0], begin[1]:end[1]:strides[1], ...] (tf.strided_slice); strides of 1 unless given.
Tensor strided_slice(const Tensor& x, ListOf<std::int64_t> begin, ListOf<std::int64_t> end,
                     ListOf<std::int64_t> strides = {});

/// The slices of x at positions of its first k axes (tf.gather_nd): integer indices [..., k] -> [...] + x.shape[k:].
/// The gradient adds up the gradients of slices with the same position. Throws an IndexError for a position outside x,
/// a ValueError for k above its rank.
Tensor gather_nd(const Tensor& x, const Tensor& indices);

/// Zeros of the given shape with updates [...] + shape[k:] added at the positions that integer indices [..., k] name
/// (tf.scatter_nd): the gradient of gather_nd. Throws what gather_nd throws, and a ValueError for updates that do not
/// fit.
Tensor scatter_nd(const Tensor& indices, const Tensor& updates, const Shape& shape);
/// x with the updates added at the positions (tf.tensor_scatter_nd_add).
Tensor tensor_scatter_add(const Tensor& x, const Tensor& indices, const Tensor& updates);
/// x with the slices at the positions replaced by the updates (tf.tensor_scatter_nd_update). The last of several
/// updates for one position counts.
Tensor tensor_scatter_update(const Tensor& x, const Tensor& indices, const Tensor& updates);

/// The slices of x where a bool mask is true, in order (tf.boolean_mask): the axes of the mask correspond to those of x
/// from `axis` on, which become one axis. Throws a ValueError if their sizes differ.
Tensor boolean_mask(const Tensor& x, const Tensor& mask, int axis = 0);

}  // namespace xtape
