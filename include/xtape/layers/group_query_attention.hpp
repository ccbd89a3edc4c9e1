#pragma once

#include <memory>
#include <optional>
#include <span>

#include "xtape/core/random.hpp"
#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of GroupQueryAttention.
struct GroupQueryAttentionOptions {
  double dropout = 0;  ///< of the attention weights, in training
  bool use_bias = true;
  std::optional<std::int64_t> sliding_window = {};  ///< query i attends to keys i - window + 1 to i + window - 1 only
  bool use_causal_mask = false;                     ///< query i attends to keys 0 to i only
  bool return_attention_scores = false;             ///< {result, weights [batch, query heads, T, S]}
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {}, bias_regularizer = {}, activity_regularizer = {};
  Constraint kernel_constraint = {}, bias_constraint = {};
  bool use_gate = false;  ///< multiply what the heads give by sigmoid of a further projection of the queries
  std::optional<std::uint64_t> seed = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dropout, use_bias, sliding_window, use_causal_mask, return_attention_scores, kernel_initializer,
               bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
               bias_constraint, use_gate, seed, dtype, name)
};

/// Attention of several heads of which groups share their keys and values (keras.layers.GroupQueryAttention; Ainslie et
/// al., 2023): query head i uses key and value head i num_key_value_heads / num_query_heads, rounded down. With one key
/// and value head it is multi-query attention, with as many as query heads MultiHeadAttention. Inputs, masks and the
/// result are those of MultiHeadAttention.
///
///     GroupQueryAttention attention(64, 8, 2, {.use_causal_mask = true});  // 8 query heads of size 64
///     Tensor y = attention({x, x});
///
/// Weights, with Keras's names and shapes: query/kernel [d, num_query_heads, head_dim], query/bias [num_query_heads,
/// head_dim], the same for key and value with num_key_value_heads, with use_gate gate/kernel and gate/bias as those of
/// query, attention_output/kernel [num_query_heads, head_dim, d] and attention_output/bias [d]. Throws a ValueError for
/// other inputs, for sizes < 1, num_query_heads that are no multiple of num_key_value_heads, a sliding_window < 1 and a
/// rate outside [0, 1).
class GroupQueryAttention : public LayerBase<GroupQueryAttention> {
 public:
  GroupQueryAttention(std::int64_t head_dim, std::int64_t num_query_heads, std::int64_t num_key_value_heads,
                      GroupQueryAttentionOptions options = {});

 protected:
  void build_list(const std::vector<Shape>& input_shapes) override;
  TensorList call_list(const TensorList& inputs) override;

 private:
  struct Projection {
    Variable kernel, bias;
  };
  void check_inputs(std::span<const Shape> shapes) const;
  Projection add_projection(const std::string& name, const Shape& kernel, const Shape& bias);
  Tensor heads_of(const Tensor& x, const Projection& projection) const;

  std::int64_t head_dim_, num_query_heads_, num_key_value_heads_;
  GroupQueryAttentionOptions options_;
  std::shared_ptr<random::Generator> generator_;
  Projection query_, key_, gate_, value_, output_;
};
/// The name of the class in Keras's source.
using GroupedQueryAttention = GroupQueryAttention;

}  // namespace xtape::layers
