#include <cmath>

#include "onnx/layer_mappings.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {
namespace {

/// 0, 1, ... along an axis.
OnnxValue places(OnnxBuilder& g, const OnnxValue& x, int axis) {
  const OnnxValue size = g.squeeze(g.sizes({OnnxSize(x, normal_axis(OnnxBuilder::method, axis, x.rank()))}), {0});
  return g.node("Range", {g.scalar(0, int64), size, g.scalar(1, int64)}, {}, {x.shape[axis]}, int64);
}

}  // namespace

OnnxValue map_attention_weights(OnnxBuilder& g, const OnnxValue& scores, const std::optional<OnnxValue>& mask,
                                bool causal) {
  std::optional<OnnxValue> allowed = mask;
  if (causal) {  // query i may attend to key k if i >= k
    const OnnxValue earlier = g.compare("GreaterOrEqual", g.expand_dims(places(g, scores, -2), {1}),
                                        g.expand_dims(places(g, scores, -1), {0}));
    allowed = allowed ? g.logical_and(*allowed, earlier) : earlier;
  }
  if (!allowed) return g.softmax(scores, -1);
  constexpr double lowest = -static_cast<double>(std::numeric_limits<float>::max()) / 2;
  const OnnxValue weights = g.softmax(g.where(*allowed, scores, g.scalar(lowest, scores.dtype)), -1);
  return g.where(*allowed, weights, g.scalar(0, scores.dtype));
}

namespace {

OnnxValue swapped(OnnxBuilder& g, const OnnxValue& x) { return g.move_axis(x, -1, -2); }

/// What Attention and AdditiveAttention share; the scores are of [batch, T, d] and [batch, S, d].
template <class Scores>
OnnxValues attention_of(OnnxBuilder& g, const OnnxCall& call, Scores scores) {
  const OnnxValues& in = call.inputs();
  std::optional<OnnxValue> query_mask, value_mask;
  if (in[0].mask != nullptr) query_mask = *in[0].mask;
  if (in[1].mask != nullptr) value_mask = *in[1].mask;
  if (in.size() == 5) query_mask = in[3];
  if (in.size() > 3) value_mask = in.back();
  std::optional<OnnxValue> mask;
  if (value_mask) mask = g.expand_dims(*value_mask, {1});
  const OnnxValue weights =
      map_attention_weights(g, scores(in[0], in[in.size() > 2 ? 2 : 1]), mask, call.get<bool>("use_causal_mask"));
  OnnxValue y = g.matmul(weights, in[1]);
  if (query_mask) {
    y = g.with_mask(g.where(g.expand_dims(*query_mask, {-1}), y, g.scalar(0, y.dtype)), *query_mask);
  }
  OnnxValues outputs{y};
  if (call.get<bool>("return_attention_scores")) outputs.push_back(weights);
  return outputs;
}

OnnxValue weight(OnnxBuilder& g, const OnnxCall& call, const char* name) {
  return g.weight(call.weight_name(name), call.weight(name));
}

OnnxValues attention(OnnxBuilder& g, const OnnxCall& call) {
  const bool scaled = call.get<bool>("use_scale");
  return attention_of(g, call, [&](const OnnxValue& query, const OnnxValue& key) {
    if (call.get<std::string>("score_mode") == "dot") {
      const OnnxValue scores = g.matmul(query, swapped(g, key));
      return scaled ? g.multiply(scores, weight(g, call, "scale")) : scores;
    }
    OnnxValue sum = g.add(g.expand_dims(query, {-2}), g.expand_dims(key, {-3}));
    if (scaled) sum = g.multiply(sum, weight(g, call, "scale"));
    return g.multiply(weight(g, call, "concat_score_weight"),
                      g.reduce("ReduceSum", g.alike("Tanh", {sum}), {-1}, false));
  });
}

OnnxValues additive_attention(OnnxBuilder& g, const OnnxCall& call) {
  return attention_of(g, call, [&](const OnnxValue& query, const OnnxValue& key) {
    OnnxValue terms = g.alike("Tanh", {g.add(g.expand_dims(query, {-2}), g.expand_dims(key, {-3}))});
    if (call.get<bool>("use_scale")) terms = g.multiply(terms, weight(g, call, "scale"));
    return g.reduce("ReduceSum", terms, {-1}, false);
  });
}

/// MultiHeadAttention and GroupQueryAttention. With a gate the heads are multiplied by it.
OnnxValues heads_attention(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValues& in = call.inputs();
  const bool biased = call.get<bool>("use_bias");
  std::optional<OnnxValue> mask;
  if (in.size() > 3) mask = in[3].rank() == 3 ? g.expand_dims(in[3], {1}) : in[3];
  for (std::size_t i = 0; i < std::min<std::size_t>(in.size(), 3); ++i) {
    if (in[i].mask == nullptr || (i == 2 && in[1].mask != nullptr && in[1].mask->name == in[2].mask->name)) continue;
    const OnnxValue part = i == 0 ? g.expand_dims(*in[i].mask, {1, 3}) : g.expand_dims(*in[i].mask, {1, 2});
    mask = mask ? g.logical_and(*mask, part) : part;
  }
  const Tensor output = call.weight("attention_output/kernel");
  const std::int64_t heads = output.shape()[0], size = output.shape()[1];
  // [batch, steps, features] -> [batch, heads, steps, size], each head repeated to the number of query heads.
  const auto projected = [&](const OnnxValue& x, const std::string& name) {
    const Tensor kernel = call.weight(name + "/kernel");
    const std::int64_t own = kernel.shape()[1], width = own * kernel.shape()[2];
    OnnxValue y =
        g.matmul(x, g.weight(call.weight_name(name + "/kernel"), xtape::reshape(kernel, {kernel.shape()[0], width})));
    if (biased) {
      y = g.add(y, g.weight(call.weight_name(name + "/bias"), xtape::reshape(call.weight(name + "/bias"), {width})));
    }
    y = g.reshape(y, {OnnxSize(y, 0), OnnxSize(y, 1), own, kernel.shape()[2]});
    y = g.transpose(y, {0, 2, 1, 3});
    if (own == heads) return y;
    std::vector<std::int64_t> order;
    for (std::int64_t head = 0; head < heads; ++head) order.push_back(head * own / heads);
    return g.gather(y, g.integers(order), 1);
  };
  const OnnxValue q = projected(in[0], "query"), k = projected(in[in.size() > 2 ? 2 : 1], "key");
  const OnnxValue v = projected(in[1], "value");
  const OnnxValue scaled = g.with_scalar("Mul", q, 1 / std::sqrt(static_cast<double>(q.shape[3])));
  const OnnxValue scores = g.matmul(scaled, g.transpose(k, {0, 1, 3, 2}));
  if (call.has("sliding_window") && !call.argument("sliding_window").is_none()) {
    const OnnxValue distance = g.alike(
        "Abs", {g.subtract(g.expand_dims(places(g, scores, -2), {1}), g.expand_dims(places(g, scores, -1), {0}))});
    const OnnxValue near = g.compare("Less", distance, g.scalar(call.get<double>("sliding_window"), int64));
    mask = mask ? g.logical_and(*mask, near) : near;
  }
  const OnnxValue weights = map_attention_weights(g, scores, mask, call.get<bool>("use_causal_mask"));
  OnnxValue y = g.matmul(weights, v);
  if (call.find("gate/kernel") != nullptr) y = g.multiply(y, g.alike("Sigmoid", {projected(in[0], "gate")}));
  y = g.transpose(y, {0, 2, 1, 3});
  y = g.reshape(y, {OnnxSize(y, 0), OnnxSize(y, 1), heads * size});
  y = g.matmul(y, g.weight(call.weight_name("attention_output/kernel"),
                           xtape::reshape(output, {heads * size, output.shape()[2]})));
  if (biased) y = g.add(y, weight(g, call, "attention_output/bias"));
  OnnxValues outputs{y};
  if (call.get<bool>("return_attention_scores")) outputs.push_back(weights);
  return outputs;
}

constexpr OnnxLayerMapping mappings[] = {
    {"AdditiveAttention", additive_attention, OnnxMasks::own},
    {"Attention", attention, OnnxMasks::own},
    {"GroupQueryAttention", heads_attention},
    {"MultiHeadAttention", heads_attention},
};

}  // namespace

std::span<const OnnxLayerMapping> onnx_attention_layers() { return mappings; }

}  // namespace xtape::detail
