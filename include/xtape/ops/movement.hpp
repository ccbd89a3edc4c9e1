#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "xtape/base/config.hpp"
#include "xtape/base/list_of.hpp"
#include "xtape/core/tensor.hpp"

// Ops that rearrange elements. They take every dtype; gradients flow through floating ones.
namespace xtape {

/// The same elements in another shape, without a copy. One size may be -1; it follows from the others. Throws a
/// ValueError when the numbers of elements differ.
Tensor reshape(const Tensor& x, const Shape& shape);
/// One axis: reshape(x, {-1}).
Tensor flatten(const Tensor& x);
/// A new axis of size 1 at position `axis` of the result; -1 is the last position.
Tensor expand_dims(const Tensor& x, int axis);
/// Removes all axes of size 1, or the given axis, which must have size 1 (ValueError).
Tensor squeeze(const Tensor& x);
Tensor squeeze(const Tensor& x, int axis);

/// Permutes the axes: axis i of the result is axis permutation[i] of x. By default the axes are reversed. Throws a
/// ValueError if `permutation` is not a permutation.
Tensor transpose(const Tensor& x);
Tensor transpose(const Tensor& x, ListOf<int> permutation);

/// Two axes exchanged (np.swapaxes).
Tensor swapaxes(const Tensor& x, int axis1, int axis2);
/// Moves axis `source` to the position `destination` (np.moveaxis).
Tensor moveaxis(const Tensor& x, int source, int destination);

/// Joins the tensors along an existing axis; all other sizes must agree (ValueError).
Tensor concat(ListOf<Tensor> values, int axis);
/// Joins the tensors along a new axis; their shapes must agree (ValueError).
Tensor stack(ListOf<Tensor> values, int axis = 0);

/// The slices along an axis, which disappears: the inverse of stack. Slices along axis 0 share the elements.
Tensors unstack(const Tensor& x, int axis = 0);
/// Splits x along an axis into pieces of the given sizes, one of which may be -1: it follows from the others. Throws a
/// ValueError when they do not add up. Pieces along axis 0 share the elements.
Tensors split(const Tensor& x, ListOf<std::int64_t> sizes, int axis = 0);
/// Splits x into n equal parts. Throws a ValueError when n does not divide the axis.
template <std::integral N>
Tensors split(const Tensor& x, N n, int axis = 0);

/// `size` elements of each axis from `begin` on (tf.slice); a size of -1 means to the end. A slice along axis 0 shares
/// the elements. Throws an IndexError if it does not fit.
Tensor slice(const Tensor& x, ListOf<std::int64_t> begin, ListOf<std::int64_t> size);
/// The same along one axis only: x[begin : begin + size] for axis 0.
Tensor slice_axis(const Tensor& x, int axis, std::int64_t begin, std::int64_t size);

/// The slices of x along `axis` at integer indices of any shape; the axes of the indices replace the axis (tf.gather).
/// The gradient adds up the gradients of slices with the same index. With batch_dims <= axis, the first `batch_dims`
/// axes of x and of the indices are paired: each batch has its own indices. Throws an IndexError for an index outside
/// [0, size).
Tensor gather(const Tensor& x, const Tensor& indices, int axis = 0);
Tensor gather(const Tensor& x, const Tensor& indices, int axis, int batch_dims);

/// x repeated along axes of size 1 and along new leading axes. Throws a ValueError if x does not broadcast to the
/// shape.
Tensor broadcast_to(const Tensor& x, const Shape& shape);

/// x repeated as a whole, `multiples[i]` times along axis i: tile([a b], {2}) is [a b a b]. Throws a ValueError unless
/// there is one multiple, not negative, for each axis.
Tensor tile(const Tensor& x, ListOf<std::int64_t> multiples);
/// Each slice along an axis repeated: repeat([a b], 2, 0) is [a a b b] (tf.repeat). `repeats` has one number for all
/// slices or one for each. Without an axis, x is flattened first. Throws a ValueError for negative numbers or another
/// count.
Tensor repeat(const Tensor& x, ListOf<std::int64_t> repeats, int axis);
Tensor repeat(const Tensor& x, ListOf<std::int64_t> repeats);
template <std::integral N>
Tensor repeat(const Tensor& x, N repeats, int axis) {
  return repeat(x, ListOf<std::int64_t>{static_cast<std::int64_t>(repeats)}, axis);
}
template <std::integral N>
Tensor repeat(const Tensor& x, N repeats) {
  return repeat(x, ListOf<std::int64_t>{static_cast<std::int64_t>(repeats)});
}

/// Reverses the elements along the given axes. Throws a ValueError for an axis given twice.
Tensor reverse(const Tensor& x, ListOf<int> axes);
/// Shifts the elements along an axis cyclically (tf.roll): element i of the result is element i - shift of x. Several
/// axes may be given, each with its shift; the shifts of a repeated axis add up.
Tensor roll(const Tensor& x, std::int64_t shift, int axis);
Tensor roll(const Tensor& x, ListOf<std::int64_t> shifts, ListOf<int> axes);

/// Keyword arguments of meshgrid.
struct MeshgridOptions {
  std::string indexing = "xy";  ///< "xy": Cartesian, the first vector runs along axis 1; "ij": along axis 0

  XTAPE_FIELDS(indexing)
};
/// The coordinates of a grid, from one vector for each axis (tf.meshgrid). Vectors of n and m elements give two tensors
/// of shape [m, n] ([n, m] for "ij"); further vectors add axes at the end. Throws a ValueError for tensors of rank
/// above 1.
Tensors meshgrid(const std::vector<Tensor>& vectors, const MeshgridOptions& options = {});

/// Keeps the elements (..., i, j) with j - i <= k (np.tril) or j - i >= k (np.triu); the others become 0. Throws a
/// ValueError for a rank below 2.
Tensor tril(const Tensor& x, std::int64_t k = 0);
Tensor triu(const Tensor& x, std::int64_t k = 0);

namespace detail {
/// split() into `parts` equal pieces.
Tensors split_equally(const Tensor& x, std::int64_t parts, int axis);
/// Keeps the elements (..., i, j) with low <= j - i <= high; the others become 0.
Tensor keep_band(const char* op, const Tensor& x, std::int64_t low, std::int64_t high);
}  // namespace detail

template <std::integral N>
Tensors split(const Tensor& x, N n, int axis) {
  return detail::split_equally(x, static_cast<std::int64_t>(n), axis);
}

}  // namespace xtape
