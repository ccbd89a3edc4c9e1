#include "xtape/tape/mask.hpp"

#include <utility>

#include "base/check.hpp"
#include "core/call_notes.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {
namespace detail {
namespace {

/// Gives a tensor that only the caller holds a provenance with another mask; an empty `mask` removes it.
void set_with_mask(TensorImpl& impl, Provenance provenance, const Tensor& mask) {
  provenance.mask = mask;
  set_provenance(impl, std::move(provenance));
}

}  // namespace

bool mask_fits(const Shape& mask, const Shape& t) noexcept {
  if (mask.rank() > t.rank()) return false;
  for (int axis = 0; axis < mask.rank(); ++axis) {
    if (mask[axis] != t[axis] && mask[axis] != 1) return false;
  }
  return true;
}

Tensor masked(Tensor t, const Tensor& mask_) {
  if (!mask_.defined() && !has_mask(t)) return t;
  XTAPE_NOTE(masked, t, mask_);
  // Masks of masks could form chains of any length, which would be destroyed recursively.
  const Tensor mask = has_mask(mask_) ? masked(mask_, {}) : mask_;
  if (has_mask(t) && mask.defined() && get_mask(t).is_same(mask)) return t;
  if (t.impl()->references.load(std::memory_order_acquire) == 1 && !is_sparse(*t.impl())) {
    set_with_mask(*t.impl(), provenance_of(*t.impl()), mask);
    return t;
  }
  Tensor other = make_alias(t);
  set_with_mask(*other.impl(), is_sparse(*t.impl()) ? Provenance() : provenance_of(*t.impl()), mask);
  return record_elementwise("identity", {t}, std::move(other), [](const Tensor& dy) { return Grads{dy}; });
}

}  // namespace detail

Tensor get_mask(const Tensor& t) { return detail::has_mask(t) ? t.impl()->provenance->mask : Tensor(); }

Tensor with_mask(const Tensor& t, const Tensor& mask) {
  constexpr const char* op = "with_mask";
  if (!t.defined()) detail::fail<ValueError>(op, "expected a tensor, received an empty one");
  if (mask.defined() && mask.dtype() != boolean)
    detail::fail<TypeError>(op, "expected a bool mask, received {}", mask.dtype());
  if (mask.defined() && !detail::mask_fits(mask.shape(), t.shape())) {
    detail::fail<ValueError>(op, "expected a mask of the first axes of shape {}, received shape {}", t.shape(),
                             mask.shape());
  }
  return detail::masked(t, mask);
}

}  // namespace xtape
