#pragma once

#include <functional>
#include <span>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/tape/record.hpp"

// Gradients that are kernels. No tape sees into a kernel: where one follows what the gradient depends on, somebody will
// differentiate it again, and it is computed as public ops instead.
namespace xtape::detail {

/// fused(), or by_ops() where a tape follows any of `of`, which names all that the gradient depends on; empty tensors
/// do not count.
template <class Fused, class ByOps>
auto fused_or_ops(Inputs of, const Fused& fused, const ByOps& by_ops) {
  if (is_tracked(of)) [[unlikely]]
    return by_ops();
  return fused();
}

/// The same for the gradients of `inputs` and an op that is itself written in public ops as f, which are then
/// differentiated by a tape. `dys` are the gradients of its results, empty where there is none.
template <class F, class Fused>
Grads fused_or_differentiated(const F& f, const Tensors& inputs, std::span<const Tensor> dys, const Fused& fused);

/// The gradients of a function made of public ops, recorded by the tapes around.
Grads recorded_gradients(const std::function<std::vector<Tensor>(const Tensors&)>& f, const Tensors& inputs,
                         std::span<const Tensor> dys);

template <class F, class Fused>
Grads fused_or_differentiated(const F& f, const Tensors& inputs, std::span<const Tensor> dys, const Fused& fused) {
  if (is_tracked(std::span<const Tensor>(inputs)) || is_tracked(dys)) return recorded_gradients(f, inputs, dys);
  return fused();
}

}  // namespace xtape::detail
