#pragma once

#include <functional>
#include <span>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/tape/record.hpp"

// How an op whose gradient is a kernel is differentiated once more.
namespace xtape::detail {

/// The gradients of a function made of public ops, recorded by the tapes around. `dys` are those of its results, empty
/// where there is none.
Grads recorded_gradients(const std::function<std::vector<Tensor>(const Tensors&)>& f, const Tensors& inputs,
                         std::span<const Tensor> dys);
/// Whether a tape follows any of them.
bool any_tracked_of(const Tensors& inputs, std::span<const Tensor> dys);

}  // namespace xtape::detail
