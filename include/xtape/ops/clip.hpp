#pragma once

#include <initializer_list>
#include <span>
#include <utility>

#include "xtape/core/tensor.hpp"
#include "xtape/ops/reduce.hpp"

// Clipping by norm, for gradients; clip_by_value is in math.hpp.
namespace xtape {

/// x scaled down so that its 2-norm over the axes (by default all) is at most `clip_norm`: x clip_norm / max(|x|,
/// clip_norm) (tf.clip_by_norm). Throws a TypeError for a tensor that is not floating.
Tensor clip_by_norm(const Tensor& x, const Tensor& clip_norm, const Axes& axes = {});

/// The 2-norm of all elements of all tensors, which have the same floating dtype. Empty tensors ("no gradient") are
/// ignored. If all elements are zero, it is 0 with gradient 0. Throws a ValueError when there is no tensor.
Tensor global_norm(std::span<const Tensor> tensors);
inline Tensor global_norm(std::initializer_list<Tensor> tensors) {
  return global_norm(std::span<const Tensor>(tensors.begin(), tensors.size()));
}

/// All tensors scaled by clip_norm / max(global_norm, clip_norm), and the global norm (tf.clip_by_global_norm; Pascanu,
/// Mikolov, Bengio, 2013). Empty tensors stay empty. If the norm is not finite, all elements become NaN.
std::pair<Tensors, Tensor> clip_by_global_norm(std::span<const Tensor> tensors, const Tensor& clip_norm);
inline std::pair<Tensors, Tensor> clip_by_global_norm(std::initializer_list<Tensor> tensors, const Tensor& clip_norm) {
  return clip_by_global_norm(std::span<const Tensor>(tensors.begin(), tensors.size()), clip_norm);
}

}  // namespace xtape
