#include "xtape/layers/attention.hpp"

#include "base/check.hpp"
#include "layers/attention_weights.hpp"
#include "xtape/ops/dropout.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape {
namespace detail {

AttentionLayer::AttentionLayer(const char* class_name, std::string name, double dropout,
                               std::optional<std::uint64_t> seed, bool causal, bool return_scores)
    : Layer(std::move(name)),
      class_name_(class_name),
      dropout_(dropout),
      causal_(causal),
      return_scores_(return_scores) {
  check_dropout(class_name, dropout);
  set_supports_masking(true);
  if (seed) generator_ = track(std::make_shared<random::Generator>(*seed));
}

void AttentionLayer::check_inputs(std::span<const Shape> shapes) const {
  if (shapes.size() < 2 || shapes.size() > 5) {
    fail<ValueError>(class_name_, "expected {{query, value[, key[, masks]]}}, received {} tensor(s)", shapes.size());
  }
  const Shape &query = shapes[0], &value = shapes[1], &key = shapes[shapes.size() > 2 ? 2 : 1];
  if (query.rank() != 3 || value.rank() != 3 || key.rank() != 3 || query[0] != value[0] || query[0] != key[0] ||
      value[1] != key[1] || query[2] != key[2]) {
    fail<ValueError>(class_name_,
                     "expected queries [batch, T, d], values [batch, S, e] and keys [batch, S, d]: received {}, {} and "
                     "{}",
                     query, value, key);
  }
  if (shapes.size() > 3) check_mask("value", shapes.back(), value);
  if (shapes.size() == 5) check_mask("query", shapes[3], query);
}

void AttentionLayer::check_mask(const char* which, const Shape& mask, const Shape& sequence) const {
  const Shape steps{sequence[0], sequence[1]};
  if (mask != steps) fail<ValueError>(class_name_, "expected a {} mask of shape {}, received {}", which, steps, mask);
}

TensorList AttentionLayer::compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) {
  return inputs.size() == 5 ? inputs[3] : previous_masks.front();
}

void AttentionLayer::build_list(const std::vector<Shape>& shapes) {
  check_inputs(shapes);
  add_weights(shapes[0], shapes[shapes.size() > 2 ? 2 : 1]);
}

TensorList AttentionLayer::call_list(const TensorList& inputs) {
  xtape::detail::PoolVector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  check_inputs(shapes);
  for (std::size_t i = 3; i < inputs.size(); ++i) {
    if (inputs[i].dtype() != boolean) {
      fail<TypeError>(class_name_, "expected a bool mask, received {}", inputs[i].dtype());
    }
  }
  const Tensor query_mask = inputs.size() == 5 ? inputs[3] : get_mask(inputs[0]);
  const Tensor value_mask = inputs.size() > 3 ? inputs.back() : get_mask(inputs[1]);
  if (query_mask.defined()) check_mask("query", query_mask.shape(), shapes[0]);
  if (value_mask.defined()) check_mask("value", value_mask.shape(), shapes[1]);
  const Tensor mask = value_mask.defined() ? expand_dims(value_mask, 1) : Tensor();
  Tensor weights = attention_weights(scores(inputs[0], inputs[inputs.size() > 2 ? 2 : 1]), mask, causal_);
  if (training() && dropout_ > 0) weights = nn::dropout(weights, dropout_, {.generator = generator_.get()});
  Tensor y = matmul(weights, inputs[1]);
  if (query_mask.defined()) y = where(expand_dims(query_mask, -1), y, 0);
  TensorList outputs(y);
  if (return_scores_) outputs.push_back(weights);
  return outputs;
}

}  // namespace detail

namespace layers {

Attention::Attention(AttentionOptions options)
    : LayerBase("Attention", options.name, options.dropout, options.seed, options.use_causal_mask,
                options.return_attention_scores),
      options_(std::move(options)) {
  set_dtype_policy(options_.dtype);
  describe(options_);
  if (options_.score_mode != "dot" && options_.score_mode != "concat") {
    detail::fail<ValueError>("Attention", "expected score_mode to be one of dot, concat: received '{}'",
                             options_.score_mode);
  }
}

void Attention::add_weights(const Shape&, const Shape&) {
  const WeightOptions one{.initializer = "ones"};
  if (options_.use_scale) scale_ = add_weight("scale", {}, one);
  if (options_.score_mode == "concat") concat_score_weight_ = add_weight("concat_score_weight", {}, one);
}

Tensor Attention::scores(const Tensor& query, const Tensor& key) const {
  if (options_.score_mode == "dot") {
    const Tensor s = matmul(query, key, {.transpose_b = true});
    return options_.use_scale ? s * scale_ : s;
  }
  Tensor sum = expand_dims(query, -2) + expand_dims(key, -3);
  if (options_.use_scale) sum = sum * scale_;
  return concat_score_weight_ * reduce_sum(tanh(sum), -1);
}

AdditiveAttention::AdditiveAttention(AdditiveAttentionOptions options)
    : LayerBase("AdditiveAttention", options.name, options.dropout, options.seed, options.use_causal_mask,
                options.return_attention_scores),
      options_(std::move(options)) {
  set_dtype_policy(options_.dtype);
  describe(options_);
}

void AdditiveAttention::add_weights(const Shape& query, const Shape&) {
  if (options_.use_scale) scale_ = add_weight("scale", {query.back()});
}

Tensor AdditiveAttention::scores(const Tensor& query, const Tensor& key) const {
  const Tensor t = tanh(expand_dims(query, -2) + expand_dims(key, -3));
  return reduce_sum(options_.use_scale ? t * scale_ : t, -1);
}

}  // namespace layers
}  // namespace xtape
