#pragma once

#include <functional>
#include <span>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/tape/record.hpp"

// Gradients that are computed by one kernel. A tape cannot differentiate a kernel. So if a tape tracks what the
// gradient depends on, for a derivative of higher order, the gradient is computed by public ops instead.
namespace xtape::detail {

/// fused(), or by_ops() if a tape tracks any of `dependencies`: all tensors on which the gradient depends, some of
/// which may be empty.
template <class Fused, class ByOps>
auto fused_or_ops(Inputs dependencies, const Fused& fused, const ByOps& by_ops) {
  if (is_tracked(dependencies)) [[unlikely]]
    return by_ops();
  return fused();
}

/// The same for the gradients of `inputs`, where the second form differentiates f, the op written in public ops, with a
/// tape. `dys` are the gradients of the results, empty for results without one.
template <class F, class Fused>
Grads fused_or_differentiated(const F& f, const Tensors& inputs, std::span<const Tensor> dys, const Fused& fused);

/// The gradients of a function made of public ops; outer tapes record them.
Grads recorded_gradients(const std::function<std::vector<Tensor>(const Tensors&)>& f, const Tensors& inputs,
                         std::span<const Tensor> dys);

template <class F, class Fused>
Grads fused_or_differentiated(const F& f, const Tensors& inputs, std::span<const Tensor> dys, const Fused& fused) {
  if (is_tracked(std::span<const Tensor>(inputs)) || is_tracked(dys)) return recorded_gradients(f, inputs, dys);
  return fused();
}

}  // namespace xtape::detail
