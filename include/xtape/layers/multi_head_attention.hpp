#pragma once

#include <memory>
#include <optional>
#include <span>

#include "xtape/core/random.hpp"
#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of MultiHeadAttention.
struct MultiHeadAttentionOptions {
  std::optional<std::int64_t> value_dim = {};  ///< unset: key_dim
  double dropout = 0;                          ///< of the attention weights, in training
  bool use_bias = true;
  std::optional<std::int64_t> output_shape = {};  ///< the size of the results; unset: the queries'
  bool use_causal_mask = false;                   ///< query i attends to keys 0 to i only
  bool return_attention_scores = false;           ///< {result, weights [batch, heads, T, S]}
  std::optional<std::uint64_t> seed = {};
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {}, bias_regularizer = {}, activity_regularizer = {};
  Constraint kernel_constraint = {}, bias_constraint = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(value_dim, dropout, use_bias, output_shape, use_causal_mask, return_attention_scores, seed,
               kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
               kernel_constraint, bias_constraint, dtype, name)
};

/// Attention of several heads (keras.layers.MultiHeadAttention; Vaswani et al., 2017; see nn::dot_product_attention):
/// each head projects the queries [batch, T, d], keys [batch, S, k] and values [batch, S, v] with its own weights, and
/// the results of all heads are projected to [batch, T, d].
///
///     Tensor y = attention({query, value});             // the values are the keys
///     Tensor y = attention({query, value, key});
///     Tensor y = attention({query, value, key, mask});  // bool [T, S], [batch, T, S] or [batch, heads, T, S], true
///                                                       // where a query may attend
///
/// The masks of queries, values and keys (see get_mask) are combined with `mask`: a masked query attends to nothing,
/// and no query attends to a masked key or value. The result gets the mask of the queries.
///
/// Weights, with Keras's names and shapes: query/kernel [d, heads, key_dim], query/bias [heads, key_dim], the same for
/// key and (with value_dim) value, attention_output/kernel [heads, value_dim, d] and attention_output/bias [d]. Throws
/// a ValueError for other inputs, for sizes < 1 and a rate outside [0, 1).
class MultiHeadAttention : public LayerBase<MultiHeadAttention> {
 public:
  MultiHeadAttention(std::int64_t num_heads, std::int64_t key_dim, MultiHeadAttentionOptions options = {});

 protected:
  void build_list(const std::vector<Shape>& input_shapes) override;
  TensorList call_list(const TensorList& inputs) override;

 private:
  struct Projection {
    Variable kernel, bias;
  };
  void check_inputs(std::span<const Shape> shapes) const;
  Projection add_projection(const std::string& name, const Shape& kernel, const Shape& bias);

  std::int64_t num_heads_, key_dim_, value_dim_;
  MultiHeadAttentionOptions options_;
  std::shared_ptr<random::Generator> generator_;
  Projection query_, key_, value_, output_;
};

}  // namespace xtape::layers
