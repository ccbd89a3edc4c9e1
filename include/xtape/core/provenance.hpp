#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// What is known of a tensor beside its elements. Few tensors have one (TensorImpl::provenance), and each belongs to
/// one tensor. The tensors in it have none that leads further, since destroying a long chain would recurse.
struct Provenance {
  /// The logits of which the tensor is the softmax over the last axis, or the sigmoid, for the losses' stable formulas
  /// (see ops/logits.hpp).
  Tensor softmax_logits = {}, sigmoid_logits = {};
  /// Of a sparse tensor: its rows that may differ from zero, and their indices (see IndexedSlices).
  Tensor rows = {}, row_indices = {};
  /// Which steps are data (see get_mask).
  Tensor mask = {};
  std::uint8_t size_class = 0;  ///< of the allocator's block

  bool empty() const noexcept {
    return !softmax_logits.defined() && !sigmoid_logits.defined() && !rows.defined() && !mask.defined();
  }
};

/// Replaces the provenance of a tensor that only the caller holds; an empty one removes it.
void set_provenance(TensorImpl& impl, Provenance provenance);
/// A copy, empty where there is none.
inline Provenance provenance_of(const TensorImpl& impl) {
  return impl.provenance == nullptr ? Provenance() : *impl.provenance;
}

/// Whether a tensor is made of some rows, the others being zero: see IndexedSlices.
inline bool is_sparse(const TensorImpl& impl) noexcept {
  return impl.provenance != nullptr && impl.provenance->rows.defined();
}
/// Whether a tensor is the softmax or sigmoid of logits that are known.
inline bool has_logits(const TensorImpl& impl) noexcept {
  return impl.provenance != nullptr &&
         (impl.provenance->softmax_logits.defined() || impl.provenance->sigmoid_logits.defined());
}
/// Whether a tensor carries a mask.
inline bool has_mask(const TensorImpl& impl) noexcept {
  return impl.provenance != nullptr && impl.provenance->mask.defined();
}
inline bool has_mask(const Tensor& t) noexcept { return t.defined() && has_mask(*t.impl()); }

}  // namespace xtape::detail
