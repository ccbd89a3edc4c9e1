#pragma once

#include <cstdint>

#include "xtape/core/tensor.hpp"

// Reductions of parts of a tensor, which integer ids name (tf.math). The ids have the first axes of the data; what has
// the same id is reduced together: data ids.shape + [...] -> [num_segments, ...].
namespace xtape {

/// For each segment the sum of its elements, their mean, product, largest or smallest one. A segment without elements
/// has 0, 0, 1, the smallest or the largest finite number of the dtype. Negative ids are left out. Gradients are those
/// of reduce_sum and so on; second derivatives of the product where two elements of a segment are 0 are not right.
/// Throws an IndexError for an id of num_segments or more, a ValueError for shapes that do not fit, a TypeError for
/// bool and for a mean of integers.
Tensor unsorted_segment_sum(const Tensor& data, const Tensor& segment_ids, std::int64_t num_segments);
Tensor unsorted_segment_mean(const Tensor& data, const Tensor& segment_ids, std::int64_t num_segments);
Tensor unsorted_segment_prod(const Tensor& data, const Tensor& segment_ids, std::int64_t num_segments);
Tensor unsorted_segment_max(const Tensor& data, const Tensor& segment_ids, std::int64_t num_segments);
Tensor unsorted_segment_min(const Tensor& data, const Tensor& segment_ids, std::int64_t num_segments);

/// The same for a vector of ascending ids, of which the last is the number of segments - 1; a segment without elements
/// has 0, and 1 of the product. Throws a ValueError for ids that are negative or descend. Since the shape of the result
/// depends on elements, a function() that calls them is not replayed: give it num_segments.
Tensor segment_sum(const Tensor& data, const Tensor& segment_ids);
Tensor segment_mean(const Tensor& data, const Tensor& segment_ids);
Tensor segment_prod(const Tensor& data, const Tensor& segment_ids);
Tensor segment_max(const Tensor& data, const Tensor& segment_ids);
Tensor segment_min(const Tensor& data, const Tensor& segment_ids);

/// A bool mask, true for the first lengths[...] of maxlen steps: integer lengths [...] -> [..., maxlen]
/// (tf.sequence_mask). Throws a ValueError for a negative maxlen.
Tensor sequence_mask(const Tensor& lengths, std::int64_t maxlen);
/// The same up to the largest length, on which the shape of the result depends.
Tensor sequence_mask(const Tensor& lengths);

}  // namespace xtape
