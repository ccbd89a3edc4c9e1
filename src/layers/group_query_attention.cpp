#include "xtape/layers/group_query_attention.hpp"

#include <cmath>

#include "base/check.hpp"
#include "layers/attention_weights.hpp"
#include "layers/weight_options.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/attention.hpp"
#include "xtape/ops/dropout.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::layers {

using xtape::detail::fail;

namespace {

constexpr const char* op = "GroupQueryAttention";

/// bool [queries, keys], true where they are less than `window` apart.
Tensor band(std::int64_t queries, std::int64_t keys, std::int64_t window) {
  const Tensor distance = expand_dims(arange(queries), 1) - expand_dims(arange(keys), 0);
  return abs(distance) < window;
}

}  // namespace

GroupQueryAttention::GroupQueryAttention(std::int64_t head_dim, std::int64_t num_query_heads,
                                         std::int64_t num_key_value_heads, GroupQueryAttentionOptions options)
    : LayerBase(
          options,
          {{"head_dim", head_dim}, {"num_query_heads", num_query_heads}, {"num_key_value_heads", num_key_value_heads}}),
      head_dim_(head_dim),
      num_query_heads_(num_query_heads),
      num_key_value_heads_(num_key_value_heads),
      options_(std::move(options)) {
  if (head_dim < 1 || num_query_heads < 1 || num_key_value_heads < 1) {
    fail<ValueError>(op, "expected positive sizes, received head_dim={}, num_query_heads={}, num_key_value_heads={}",
                     head_dim, num_query_heads, num_key_value_heads);
  }
  if (num_query_heads % num_key_value_heads != 0) {
    fail<ValueError>(op,
                     "`num_query_heads` must be divisible by `num_key_value_heads`. Received: num_query_heads={}, "
                     "num_key_value_heads={}",
                     num_query_heads, num_key_value_heads);
  }
  if (options_.sliding_window.value_or(1) < 1) {
    fail<ValueError>(op, "`sliding_window` must be `None` or a positive integer. Received: sliding_window={}",
                     *options_.sliding_window);
  }
  detail::check_dropout(op, options_.dropout);
  set_supports_masking(true);
  if (options_.seed) generator_ = track(std::make_shared<random::Generator>(*options_.seed));
  if (options_.activity_regularizer) set_activity_regularizer(options_.activity_regularizer);
}

GroupQueryAttention::Projection GroupQueryAttention::add_projection(const std::string& name, const Shape& kernel,
                                                                    const Shape& bias) {
  Projection projection;
  projection.kernel = add_weight(name + "/kernel", kernel, detail::kernel_options(options_));
  if (options_.use_bias) projection.bias = add_weight(name + "/bias", bias, detail::bias_options(options_));
  return projection;
}

void GroupQueryAttention::build_list(const std::vector<Shape>& shapes) {
  query_ = Projection();
  check_inputs(shapes);
  const std::int64_t features = shapes[0][2];
  const Shape of_queries{num_query_heads_, head_dim_}, of_keys{num_key_value_heads_, head_dim_};
  const auto kernel = [](std::int64_t inputs, const Shape& heads) { return Shape{inputs, heads[0], heads[1]}; };
  query_ = add_projection("query", kernel(features, of_queries), of_queries);
  key_ = add_projection("key", kernel(shapes[shapes.size() > 2 ? 2 : 1][2], of_keys), of_keys);
  if (options_.use_gate) gate_ = add_projection("gate", kernel(features, of_queries), of_queries);
  value_ = add_projection("value", kernel(shapes[1][2], of_keys), of_keys);
  output_ = add_projection("attention_output", {num_query_heads_, head_dim_, features}, {features});
}

void GroupQueryAttention::check_inputs(std::span<const Shape> shapes) const {
  const bool built = query_.kernel.defined();
  detail::check_query_value_key(
      op, shapes, built ? Shape{query_.kernel.shape()[0], value_.kernel.shape()[0], key_.kernel.shape()[0]} : Shape());
}

Tensor GroupQueryAttention::heads_of(const Tensor& x, const Projection& projection) const {
  return detail::project_to_heads(x, projection.kernel, options_.use_bias ? projection.bias.value() : Tensor());
}

TensorList GroupQueryAttention::call_list(const TensorList& inputs) {
  xtape::detail::PoolVector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  check_inputs(shapes);
  Tensor mask = detail::mask_of_scores(op, inputs);
  if (options_.sliding_window) {
    const Tensor near = band(shapes[0][1], shapes[1][1], *options_.sliding_window);
    mask = mask.defined() ? logical_and(mask, near) : near;
  }
  const std::int64_t group = num_query_heads_ / num_key_value_heads_;
  const auto shared = [&](const Tensor& heads) { return group == 1 ? heads : repeat(heads, group, 2); };
  const Tensor q = heads_of(inputs[0], query_), v = shared(heads_of(inputs[1], value_));
  const Tensor k = shared(heads_of(inputs[inputs.size() > 2 ? 2 : 1], key_));
  const double dropout = training() ? options_.dropout : 0;
  Tensor weights, mixed;
  if (options_.return_attention_scores) {
    const auto heads_first = [](const Tensor& x) { return transpose(x, {0, 2, 1, 3}); };
    const Tensor scaled = heads_first(q) * (1 / std::sqrt(static_cast<double>(head_dim_)));
    weights = detail::attention_weights(matmul(scaled, heads_first(k), {.transpose_b = true}), mask,
                                        options_.use_causal_mask);
    const Tensor kept = nn::dropout(weights, dropout, {.generator = generator_.get()});  // Keras returns all weights
    mixed = heads_first(matmul(kept, heads_first(v)));
  } else {
    mixed = nn::dot_product_attention(
        q, k, v,
        {.mask = mask, .is_causal = options_.use_causal_mask, .dropout = dropout, .generator = generator_.get()});
  }
  if (options_.use_gate) mixed = mixed * nn::sigmoid(heads_of(inputs[0], gate_));
  TensorList outputs(
      detail::project_from_heads(mixed, output_.kernel, options_.use_bias ? output_.bias.value() : Tensor()));
  if (options_.return_attention_scores) outputs.push_back(weights);
  return outputs;
}

}  // namespace xtape::layers
