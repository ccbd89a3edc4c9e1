#pragma once

#include <optional>

#include "xtape/core/tensor.hpp"

namespace xtape {
namespace nn {

/// Keyword arguments of scaled_dot_product_attention.
struct AttentionOptions {
  /// Broadcasts to [..., T, S]: bool, true where a query may attend to a key; or of the queries' dtype, added to the
  /// scores.
  Tensor mask = {};
  /// Query i attends to keys 0 to i only.
  bool is_causal = false;
  /// Of the scores; unset: 1 / sqrt(d).
  std::optional<double> scale = {};
};

/// softmax(scale q k^T + mask) v over the last two axes (Vaswani et al., 2017): queries [..., T, d], keys [..., S, d]
/// and values [..., S, e] -> [..., T, e]; the leading axes, such as batch and heads, broadcast. A query that a bool
/// mask lets attend to no key gives zeros, with zero gradients; a row of -inf in an additive mask gives NaN. Throws a
/// ValueError for shapes that do not fit, a TypeError for integers, dtypes that differ and an integer mask.
Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const AttentionOptions& options = {});

}  // namespace nn
}  // namespace xtape
