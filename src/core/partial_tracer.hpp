#pragma once

#include "core/trace.hpp"

namespace xtape::detail {

/// A tracer under which kernels may run only on what is known when it traces; all other tensors have no elements.
class PartialTracer : public Tracer {
 public:
  using Tracer::Tracer;
  /// Whether the elements of a tensor that has some are the same whenever the trace is replayed. Asked only if kernels
  /// do not run.
  virtual bool is_known(const TensorImpl& impl) const = 0;
};

}  // namespace xtape::detail
