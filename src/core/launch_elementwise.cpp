#include "core/launch_elementwise.hpp"

#include "core/element_access.hpp"
#include "core/trace.hpp"

namespace xtape::detail {

void launch_elementwise(const kernels::Elementwise& f, const Tensor& a, const Tensor& b, const Tensor& y) {
  if (to_be_run(a, b, y)) {
    const kernels::ElementwiseOperands operands{
        {{ElementAccess::of(a), &a.shape()}, {ElementAccess::of(b), &b.shape()}}};
    kernels::run_elementwise(f, y.shape(), y.size(), ElementAccess::of(y), operands);
  }
  if (thread_state.tracer != nullptr) trace_elementwise(f, 0, a, b, y);
}

}  // namespace xtape::detail
