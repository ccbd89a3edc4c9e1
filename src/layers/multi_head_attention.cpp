#include "xtape/layers/multi_head_attention.hpp"

#include <cmath>

#include "base/check.hpp"
#include "layers/attention_weights.hpp"
#include "xtape/ops/attention.hpp"
#include "xtape/ops/dropout.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::layers {

using xtape::detail::fail;

namespace {

constexpr const char* op = "MultiHeadAttention";

}  // namespace

MultiHeadAttention::MultiHeadAttention(std::int64_t num_heads, std::int64_t key_dim, MultiHeadAttentionOptions options)
    : LayerBase(options, {{"num_heads", num_heads}, {"key_dim", key_dim}}),
      num_heads_(num_heads),
      key_dim_(key_dim),
      value_dim_(options.value_dim.value_or(key_dim)),
      options_(std::move(options)) {
  if (num_heads < 1 || key_dim < 1 || value_dim_ < 1 || options_.output_shape.value_or(1) < 1) {
    fail<ValueError>(op, "expected positive sizes, received num_heads={}, key_dim={}, value_dim={}, output_shape={}",
                     num_heads, key_dim, value_dim_, options_.output_shape.value_or(1));
  }
  detail::check_dropout(op, options_.dropout);
  set_supports_masking(true);
  if (options_.seed) generator_ = track(std::make_shared<random::Generator>(*options_.seed));
  if (options_.activity_regularizer) set_activity_regularizer(options_.activity_regularizer);
}

MultiHeadAttention::Projection MultiHeadAttention::add_projection(const std::string& name, const Shape& kernel,
                                                                  const Shape& bias) {
  Projection projection;
  projection.kernel = add_weight(name + "/kernel", kernel,
                                 {.initializer = options_.kernel_initializer,
                                  .regularizer = options_.kernel_regularizer,
                                  .constraint = options_.kernel_constraint});
  if (options_.use_bias) {
    projection.bias = add_weight(name + "/bias", bias,
                                 {.initializer = options_.bias_initializer,
                                  .regularizer = options_.bias_regularizer,
                                  .constraint = options_.bias_constraint});
  }
  return projection;
}

void MultiHeadAttention::build_list(const std::vector<Shape>& shapes) {
  query_ = Projection();
  check_inputs(shapes);
  const std::int64_t h = num_heads_, out = options_.output_shape.value_or(shapes[0][2]);
  query_ = add_projection("query", {shapes[0][2], h, key_dim_}, {h, key_dim_});
  key_ = add_projection("key", {shapes[shapes.size() > 2 ? 2 : 1][2], h, key_dim_}, {h, key_dim_});
  value_ = add_projection("value", {shapes[1][2], h, value_dim_}, {h, value_dim_});
  output_ = add_projection("attention_output", {h, value_dim_, out}, {out});
}

void MultiHeadAttention::check_inputs(std::span<const Shape> shapes) const {
  const bool built = query_.kernel.defined();
  detail::check_query_value_key(
      op, shapes, built ? Shape{query_.kernel.shape()[0], value_.kernel.shape()[0], key_.kernel.shape()[0]} : Shape());
}

TensorList MultiHeadAttention::call_list(const TensorList& inputs) {
  xtape::detail::PoolVector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  check_inputs(shapes);
  const Tensor mask = detail::mask_of_scores(op, inputs);
  const auto heads_of = [&](const Tensor& x, const Projection& projection) {
    return detail::project_to_heads(x, projection.kernel, options_.use_bias ? projection.bias.value() : Tensor());
  };
  const Tensor q = heads_of(inputs[0], query_), v = heads_of(inputs[1], value_);
  const Tensor k = heads_of(inputs[inputs.size() > 2 ? 2 : 1], key_);
  const double dropout = training() ? options_.dropout : 0;
  Tensor weights, mixed;
  if (options_.return_attention_scores) {
    const auto heads_first = [](const Tensor& x) { return transpose(x, {0, 2, 1, 3}); };
    const Tensor scaled = heads_first(q) * (1 / std::sqrt(static_cast<double>(key_dim_)));
    weights = detail::attention_weights(matmul(scaled, heads_first(k), {.transpose_b = true}), mask,
                                        options_.use_causal_mask);
    weights = nn::dropout(weights, dropout, {.generator = generator_.get()});
    mixed = heads_first(matmul(weights, heads_first(v)));
  } else {
    mixed = nn::dot_product_attention(
        q, k, v,
        {.mask = mask, .is_causal = options_.use_causal_mask, .dropout = dropout, .generator = generator_.get()});
  }
  TensorList outputs(
      detail::project_from_heads(mixed, output_.kernel, options_.use_bias ? output_.bias.value() : Tensor()));
  if (options_.return_attention_scores) outputs.push_back(weights);
  return outputs;
}

}  // namespace xtape::layers
