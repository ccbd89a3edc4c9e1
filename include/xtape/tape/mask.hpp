#pragma once

#include "xtape/core/provenance.hpp"
#include "xtape/core/tensor.hpp"

// Masks (Keras's `_keras_mask`): a bool tensor that is true for the steps of a padded batch that are data. A mask is a
// note on a tensor, not part of its values: layers read the masks of their inputs and give their outputs one (see
// Layer::compute_mask), losses and metrics leave out what the mask of the predictions leaves out. Ops do not look at
// masks, and their results have none.
namespace xtape {

/// The mask of a tensor; empty if it has none. Made by layers such as Embedding with mask_zero and Masking, or by
/// with_mask.
Tensor get_mask(const Tensor& t);

/// A tensor with the elements of `t` and this mask, or no mask if `mask` is empty; gradients flow through to `t`. `t`
/// itself keeps its mask. The axes of the mask are the leading axes of the tensor: bool [batch, time] for [batch, time,
/// features]; sizes of 1 are broadcast. Throws a TypeError for a mask of another dtype, a ValueError for one of another
/// shape.
Tensor with_mask(const Tensor& t, const Tensor& mask);

namespace detail {

/// Whether a mask of shape `mask` fits a tensor of shape `t`.
bool mask_fits(const Shape& mask, const Shape& t) noexcept;

/// with_mask() for a mask that is known to fit. A tensor that is not shared gets the mask in place.
Tensor masked(Tensor t, const Tensor& mask);

/// `t` with the mask of `source`, for the result of an op that keeps the meaning of the steps, such as a cast.
inline Tensor masked_like(const Tensor& source, Tensor t) {
  return has_mask(source) ? masked(std::move(t), get_mask(source)) : t;
}

}  // namespace detail
}  // namespace xtape
