#include "xtape/tape/mask.hpp"

#include <utility>

#include "base/check.hpp"
#include "core/trace.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {
namespace detail {
namespace {

TensorImpl* shared(TensorImpl* impl) noexcept {
  if (impl != nullptr) retain(impl);
  return impl;
}

/// Replaces the mask of a tensor that only the caller holds; an empty `mask` removes it.
void replace_mask(TensorImpl& impl, const Tensor& mask) {
  Tensor link;
  if (mask.defined()) {
    // A link, not the mask itself, which may have its own origin.
    link = make_view_as(mask, Shape{0}, boolean, 0);
    release(std::exchange(link.impl()->owner, shared(mask.impl())));
    link.impl()->origin = shared(origin_of(impl));
  }
  TensorImpl* const origin = shared(mask.defined() ? link.impl() : origin_of(impl));
  if (TensorImpl* const before = std::exchange(impl.origin, origin); before != nullptr) release(before);
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
  // Masks of masks could form chains of any length, which would be destroyed recursively.
  const Tensor mask = has_mask(mask_) ? masked(mask_, {}) : mask_;
  if (has_mask(t) && mask.defined() && get_mask(t).is_same(mask)) return t;
  if (t.impl()->references.load(std::memory_order_acquire) == 1 && !t.impl()->sparse) {
    replace_mask(*t.impl(), mask);
    return t;
  }
  Tensor other = make_alias(t);
  if (!t.impl()->sparse) other.impl()->origin = shared(origin_of(*t.impl()));
  if (mask.defined()) replace_mask(*other.impl(), mask);
  return record("identity", {t}, std::move(other), [](const Tensor& dy) { return Grads{dy}; });
}

}  // namespace detail

Tensor get_mask(const Tensor& t) {
  if (!detail::has_mask(t)) return {};
  return Tensor::adopt(detail::shared(t.impl()->origin->owner));
}

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
