#pragma once

#include <optional>

#include "xtape/core/tensor.hpp"

namespace xtape {

/// Some rows of a tensor whose other rows are zero (tf.IndexedSlices): row `indices[i]` is the sum of all `values[j]`
/// with `indices[j] == indices[i]`. The gradients of gather and of embeddings are slices: a batch reads few rows of a
/// table, and only these have a gradient.
///
/// A tensor made of slices is a Tensor like any other: when its elements are read, all of them are made, zeros
/// included. The accumulation of gradients, clipping and the optimizers work on the slices alone.
struct IndexedSlices {
  Tensor values;      ///< [n, ...]
  Tensor indices;     ///< [n], int64, in any order; the values of a repeated index add up
  Shape dense_shape;  ///< the shape of the whole tensor: [rows, ...]
};

/// The slices that a tensor is made of, unchanged; nullopt for an ordinary tensor.
///
///     auto grads = tape.gradient(loss, {table});
///     if (auto slices = indexed_slices(grads[0])) fmt::print("{} rows", slices->indices.size());
std::optional<IndexedSlices> indexed_slices(const Tensor& t);

/// A tensor made of slices (tf.convert_to_tensor, but its elements are made only when they are read). Throws a
/// ValueError when the shapes do not fit, a TypeError for indices that are not int64, an IndexError for an index
/// outside [0, rows).
Tensor to_tensor(const IndexedSlices& slices);

/// The same slices with ascending indices and no repeats: the values of a repeated index are added in their order.
IndexedSlices combined(const IndexedSlices& slices);

}  // namespace xtape
