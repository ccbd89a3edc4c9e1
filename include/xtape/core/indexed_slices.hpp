#pragma once

#include <optional>

#include "xtape/core/tensor.hpp"

namespace xtape {

/// Some rows of a tensor whose other rows are zero (tf.IndexedSlices): row `indices[i]` is the sum of all `values[j]`
/// with `indices[j] == indices[i]`. The gradient of gather and of embeddings is made of them: a batch reads few of a
/// table's rows, and only these have a gradient.
///
/// A tensor made of slices is a Tensor like any other: whoever asks for its elements gets all of them, zeros included,
/// which are made then. What knows slices never asks: the accumulation of gradients, clipping, and the optimizers.
struct IndexedSlices {
  Tensor values;      ///< [n, ...]
  Tensor indices;     ///< [n], int64, in any order, repeated ones counting as sums
  Shape dense_shape;  ///< of the whole: [rows, ...]
};

/// The slices that a tensor is made of, as they are; none for an ordinary tensor.
///
///     auto grads = tape.gradient(loss, {table});
///     if (auto slices = indexed_slices(grads[0])) fmt::print("{} rows", slices->indices.size());
std::optional<IndexedSlices> indexed_slices(const Tensor& t);

/// A tensor made of slices (tf.convert_to_tensor, but for the elements, which are made when they are asked for). Throws
/// a ValueError when the shapes do not fit, a TypeError for indices that are not int64, an IndexError for an index
/// outside [0, rows).
Tensor to_tensor(const IndexedSlices& slices);

/// The same slices with indices that ascend and do not repeat: what was repeated is added up, in the order of its
/// occurrence.
IndexedSlices combined(const IndexedSlices& slices);

}  // namespace xtape
