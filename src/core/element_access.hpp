#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// The elements of tensors for the few places that are the door itself (see core/launch.hpp) or stand under it: how
/// tensors, views and plain numbers are made, and the elementwise loops, which run this way only where nobody traces.
/// Everything else gets elements from launch(), host_read() and host_write(); scripts/check_layers knows who may
/// include this.
struct ElementAccess {
  static std::byte* of(TensorImpl& impl) { return impl.data(); }
  static std::byte* of(const Tensor& t) { return t.impl()->data(); }
  /// Of a tensor that was just made, or is known not to be sparse: without a look at whether they are there.
  static std::byte* of_dense(const TensorImpl& impl) { return impl.elements.load(std::memory_order_relaxed); }
  static std::byte* of_dense(const Tensor& t) { return of_dense(*t.impl()); }
  /// Whether it was made where only shapes are computed.
  static bool has_none(const TensorImpl& impl) { return of_dense(impl) == nullptr && !impl.sparse; }
  static void set(TensorImpl& impl, std::byte* elements) { impl.elements.store(elements, std::memory_order_relaxed); }
};

}  // namespace xtape::detail
