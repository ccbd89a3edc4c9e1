#pragma once

#include "xtape/core/tensor.hpp"

// Masks (Keras's `_keras_mask`): which steps of a padded batch are data, as bool, true where they are. A mask belongs
// to a tensor as a note, not to its values: layers read the masks of their inputs and give their outputs one (see
// Layer::compute_mask), losses and metrics leave out what the mask of the predictions leaves out. Ops do not look at
// masks, and their results have none.
namespace xtape {

/// The mask that a tensor carries; empty where it carries none. Made by layers such as Embedding with mask_zero and
/// Masking, or by with_mask.
Tensor get_mask(const Tensor& t);

/// The same tensor with this mask in place of its own, or with none where `mask` is empty; gradients pass through.
/// The handle that is given keeps what it has, since tensors do not change. The axes of the mask are the first ones of
/// the tensor: bool [batch, time] for [batch, time, features]; sizes of 1 repeat. Throws a TypeError for a mask of
/// another dtype, a ValueError for one of another shape.
Tensor with_mask(const Tensor& t, const Tensor& mask);

namespace detail {

/// Whether a tensor carries a mask: then its TensorImpl::origin is an empty bool tensor, as logits never are, whose
/// owner is the mask and whose own origin is what the tensor's would be without.
inline bool has_mask(const TensorImpl& impl) noexcept {
  return impl.origin != nullptr && !impl.sparse && impl.origin->dtype == DType::boolean;
}
inline bool has_mask(const Tensor& t) noexcept { return t.defined() && has_mask(*t.impl()); }

/// TensorImpl::origin but for a mask.
inline TensorImpl* origin_of(const TensorImpl& impl) noexcept {
  return has_mask(impl) ? impl.origin->origin : impl.origin;
}

/// Whether a mask of this shape suits a tensor of that one.
bool mask_fits(const Shape& mask, const Shape& t) noexcept;

/// with_mask() for a mask that is known to suit; changes a tensor that nobody else holds instead of making another.
Tensor masked(Tensor t, const Tensor& mask);

/// The result of an op that leaves the meaning of the steps alone, such as a cast, with the mask of what it was made
/// of.
inline Tensor masked_like(const Tensor& source, Tensor t) {
  return has_mask(source) ? masked(std::move(t), get_mask(source)) : t;
}

}  // namespace detail
}  // namespace xtape
