#pragma once

#include "xtape/core/provenance.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// Direct access to the elements of tensors, only for launch() (see core/launch.hpp) and the code below it: making
/// tensors, views and plain numbers, and the elementwise loops, which use it only if nothing is traced. All other code
/// gets elements from launch(), host_read() and host_write(). scripts/check_layers lists the files that may include
/// this.
struct ElementAccess {
  static std::byte* of(TensorImpl& impl) { return impl.data(); }
  static std::byte* of(const Tensor& t) { return t.impl()->data(); }
  /// For a tensor that was just made or is known not to be sparse: does not check whether the elements exist.
  static std::byte* of_dense(const TensorImpl& impl) { return impl.elements.load(std::memory_order_relaxed); }
  static std::byte* of_dense(const Tensor& t) { return of_dense(*t.impl()); }
  /// Whether the tensor has no elements, because only shapes are computed (see ShapesOnly).
  static bool has_none(const TensorImpl& impl) { return of_dense(impl) == nullptr && !is_sparse(impl); }
  static void set(TensorImpl& impl, std::byte* elements) { impl.elements.store(elements, std::memory_order_relaxed); }
};

}  // namespace xtape::detail
