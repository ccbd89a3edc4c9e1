#include "xtape/layers/multi_head_attention.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.hpp"
#include "layers/attention_weights.hpp"
#include "xtape/ops/attention.hpp"
#include "xtape/ops/dropout.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::layers {

using xtape::detail::fail;

namespace {

constexpr const char* op = "MultiHeadAttention";

void check_sequence(const char* name, const Shape& shape) {
  if (shape.rank() != 3) {
    fail<ValueError>(op, "expected the {} to be [batch, steps, features], received shape {}", name, shape);
  }
}

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
  if (shapes.size() < 2 || shapes.size() > 4) {
    fail<ValueError>(op, "expected {{query, value[, key[, mask]]}}, received {} tensor(s)", shapes.size());
  }
  const Shape &query = shapes[0], &value = shapes[1], &key = shapes[shapes.size() > 2 ? 2 : 1];
  check_sequence("query", query);
  check_sequence("value", value);
  check_sequence("key", key);
  if (value[0] != query[0] || key[0] != query[0] || key[1] != value[1]) {
    fail<ValueError>(op, "expected as many keys as values, in batches of one size: received query {}, value {}, key {}",
                     query, value, key);
  }
  if (!query_.kernel.defined()) return;
  const Shape wanted{query_.kernel.shape()[0], value_.kernel.shape()[0], key_.kernel.shape()[0]};
  if (Shape{query[2], value[2], key[2]} != wanted) {
    fail<ValueError>(op, "expected queries, values and keys of {} features, received {}, {} and {}", wanted, query,
                     value, key);
  }
}

/// [batch, steps, features] -> [batch, steps, heads, size]
Tensor MultiHeadAttention::heads_of(const Tensor& x, const Projection& projection) const {
  const Shape& kernel = projection.kernel.shape();
  const std::int64_t width = kernel[1] * kernel[2];
  const Tensor y = linear(x, reshape(projection.kernel, {kernel[0], width}),
                          options_.use_bias ? reshape(projection.bias, {width}) : Tensor());
  return reshape(y, {x.shape()[0], x.shape()[1], kernel[1], kernel[2]});
}

/// Combines the mask of the scores [batch, heads, T, S] with the masks of the inputs.
Tensor MultiHeadAttention::with_carried_masks(const Tensor& mask, const TensorList& inputs) {
  constexpr std::array names = {"query", "value", "key"};
  const Tensor of_values = get_mask(inputs[1]);
  Tensor all = mask;
  for (std::size_t i = 0; i < std::min(inputs.size(), names.size()); ++i) {
    const Tensor carried = get_mask(inputs[i]);
    if (!carried.defined() || (i == 2 && carried.is_same(of_values))) continue;
    const Shape &x = inputs[i].shape(), steps{x[0], x[1]};
    if (carried.shape() != steps) {
      fail<ValueError>(op, "expected the {}'s mask to be of shape {}, received {}", names[i], steps, carried.shape());
    }
    const Tensor part = reshape(carried, i == 0 ? Shape{x[0], 1, x[1], 1} : Shape{x[0], 1, 1, x[1]});
    all = all.defined() ? logical_and(all, part) : part;
  }
  return all;
}

TensorList MultiHeadAttention::call_list(const TensorList& inputs) {
  xtape::detail::PoolVector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  check_inputs(shapes);
  Tensor mask = inputs.size() > 3 ? inputs[3] : Tensor();
  if (mask.defined() && mask.dtype() != boolean) fail<TypeError>(op, "expected a bool mask, received {}", mask.dtype());
  if (mask.defined() && mask.rank() == 3) mask = expand_dims(mask, 1);
  mask = with_carried_masks(mask, inputs);
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
  const std::int64_t width = num_heads_ * value_dim_;
  mixed = reshape(mixed, {shapes[0][0], shapes[0][1], width});
  TensorList outputs(linear(mixed, reshape(output_.kernel, {width, output_.kernel.shape()[2]}),
                            options_.use_bias ? output_.bias.value() : Tensor()));
  if (options_.return_attention_scores) outputs.push_back(weights);
  return outputs;
}

}  // namespace xtape::layers
