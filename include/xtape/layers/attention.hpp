#pragma once

#include <memory>
#include <optional>
#include <span>

#include "xtape/core/random.hpp"
#include "xtape/layers/layer.hpp"

namespace xtape {
namespace detail {

/// The common base of Attention and AdditiveAttention: masks, dropout, weights.
class AttentionLayer : public Layer {
 protected:
  AttentionLayer(const char* class_name, std::string name, double dropout, std::optional<std::uint64_t> seed,
                 bool causal, bool return_scores);

 public:
  TensorList compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) override;

 protected:
  void build_list(const std::vector<Shape>& input_shapes) override;
  TensorList call_list(const TensorList& inputs) override;
  bool may_make_masks() const override { return true; }  // from masks that are inputs

  virtual void add_weights(const Shape& query, const Shape& key) = 0;
  /// The scores [batch, T, S] of queries [batch, T, d] and keys [batch, S, d].
  virtual Tensor scores(const Tensor& query, const Tensor& key) const = 0;

 private:
  void check_inputs(std::span<const Shape> shapes) const;
  void check_mask(const char* which, const Shape& mask, const Shape& sequence) const;

  const char* class_name_;
  double dropout_;
  bool causal_, return_scores_;
  std::shared_ptr<random::Generator> generator_;
};

}  // namespace detail

namespace layers {

/// Keyword arguments of Attention.
struct AttentionOptions {
  bool use_scale = false;          ///< multiply the scores by a scalar weight
  std::string score_mode = "dot";  ///< "dot": q k; "concat": w sum(tanh(q + k)), with a scalar weight w
  double dropout = 0;              ///< of the attention weights, in training
  std::optional<std::uint64_t> seed = {};
  bool use_causal_mask = false;          ///< query i attends to keys 0 to i only
  bool return_attention_scores = false;  ///< {result, weights [batch, T, S]}
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(use_scale, score_mode, dropout, seed, use_causal_mask, return_attention_scores, dtype, name)
};

/// softmax(scores(query, key)) value for queries [batch, T, d], values [batch, S, e] and keys [batch, S, d]
/// (keras.layers.Attention; Luong et al., 2015): the scores are products, not divided by sqrt(d).
///
///     Tensor y = attention({query, value});                       // the values are the keys
///     Tensor y = attention({query, value, key});
///     Tensor y = attention({query, value, key, value_mask});      // bool [batch, S], true where there is a value
///     Tensor y = attention({query, value, key, query_mask, value_mask});  // bool [batch, T], where it is false y is 0
///
/// By default the masks are those of the queries and the values (see get_mask). The result gets the mask of the
/// queries. Throws a ValueError for other inputs, an unknown score_mode and a rate outside [0, 1).
class Attention : public LayerBase<Attention, detail::AttentionLayer> {
 public:
  explicit Attention(AttentionOptions options = {});

 protected:
  void add_weights(const Shape& query, const Shape& key) override;
  Tensor scores(const Tensor& query, const Tensor& key) const override;

 private:
  AttentionOptions options_;
  Variable scale_, concat_score_weight_;
};

/// Keyword arguments of AdditiveAttention.
struct AdditiveAttentionOptions {
  bool use_scale = true;  ///< a weight [d] multiplies the terms of the sum
  double dropout = 0;     ///< of the attention weights, in training
  std::optional<std::uint64_t> seed = {};
  bool use_causal_mask = false;          ///< query i attends to keys 0 to i only
  bool return_attention_scores = false;  ///< {result, weights [batch, T, S]}
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(use_scale, dropout, seed, use_causal_mask, return_attention_scores, dtype, name)
};

/// Attention with the scores sum(scale tanh(query + key)) (keras.layers.AdditiveAttention; Bahdanau, Cho, Bengio,
/// 2015).
class AdditiveAttention : public LayerBase<AdditiveAttention, detail::AttentionLayer> {
 public:
  explicit AdditiveAttention(AdditiveAttentionOptions options = {});

 protected:
  void add_weights(const Shape& query, const Shape& key) override;
  Tensor scores(const Tensor& query, const Tensor& key) const override;

 private:
  AdditiveAttentionOptions options_;
  Variable scale_;
};

}  // namespace layers
}  // namespace xtape
