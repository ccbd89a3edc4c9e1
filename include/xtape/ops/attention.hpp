#pragma once

#include <optional>

#include "xtape/base/config.hpp"
#include "xtape/core/random.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape {
namespace nn {

/// Keyword arguments of the attention ops.
struct AttentionOptions {
  /// Broadcasts to the scores. A bool mask is true where a query may attend to a key; a mask of the queries' dtype is
  /// added to the scores.
  Tensor mask = {};
  /// Query i attends to keys 0 to i only.
  bool is_causal = false;
  /// The factor of the scores; unset: 1 / sqrt(d).
  std::optional<double> scale = {};
  /// The dropout rate of the weights, as in nn::dropout; each call drops different ones.
  double dropout = 0;
  random::Generator* generator = nullptr;  ///< from which dropout draws; null: the default generator

  XTAPE_FIELDS(mask, is_causal, scale, dropout)
};

/// softmax(scale q k^T + mask) v over the last two axes (Vaswani et al., 2017): queries [..., T, d], keys [..., S, d]
/// and values [..., S, e] -> [..., T, e]; the leading axes, such as batch and heads, broadcast. The scores are [..., T,
/// S]. A query without any key in a bool mask gives zeros, with zero gradients; a row of -inf in an additive mask gives
/// NaN. If the leading axes agree it is one op, whose gradient keeps the weights of short sequences and recomputes
/// those of long ones. Throws a ValueError for shapes that do not fit and a dropout outside [0, 1), a TypeError for
/// integers, dtypes that differ and an integer mask.
Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const AttentionOptions& options = {});

/// The same with the axis of heads before the last (keras.ops.dot_product_attention): queries [batch, T, heads, d],
/// keys [batch, S, heads, d] and values [batch, S, heads, e] -> [batch, T, heads, e]; the scores are [batch, heads, T,
/// S].
Tensor dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options = {});

}  // namespace nn
}  // namespace xtape
