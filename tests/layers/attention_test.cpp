#include "xtape/layers/attention.hpp"

#include <cmath>

#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/layers/group_query_attention.hpp"
#include "xtape/layers/multi_head_attention.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"

namespace xtape {
namespace {

using layers::AdditiveAttention;
using layers::Attention;
using layers::GroupQueryAttention;
using layers::MultiHeadAttention;

const testing::LayerTable attention_table = {
    {.layer = "MultiHeadAttention",
     .masks = testing::Masks::uses_and_passes,
     .make = [](DType dtype) { return MultiHeadAttention(2, 3, {.dtype = dtype}); },
     .inputs = {{.shape = {2, 4, 5}}, {.shape = {2, 3, 6}}},
     .outputs = {{2, 4, 5}},
     .weights = {{"query/kernel", {5, 2, 3}},
                 {"query/bias", {2, 3}},
                 {"key/kernel", {6, 2, 3}},
                 {"key/bias", {2, 3}},
                 {"value/kernel", {6, 2, 3}},
                 {"value/bias", {2, 3}},
                 {"attention_output/kernel", {2, 3, 5}},
                 {"attention_output/bias", {5}}},
     .wrong = {{{{2, 4, 5}}, "expected {query, value[, key[, mask]]}, received 1 tensor(s)"},
               {{{2, 5}, {2, 3, 6}}, "expected the query to be [batch, steps, features]"},
               {{{2, 4, 5}, {1, 3, 6}}, "in batches of one size"}}},
    {.layer = "MultiHeadAttention",
     .masks = testing::Masks::uses_and_passes,
     .make =
         [](DType dtype) {
           return MultiHeadAttention(
               2, 3,
               {.value_dim = 1, .use_bias = false, .output_shape = 4, .return_attention_scores = true, .dtype = dtype});
         },
     .inputs =
         {{.shape = {2, 4, 5}}, {.shape = {2, 3, 6}}, {.shape = {2, 3, 7}}, {.shape = {2, 4, 3}, .dtype = boolean}},
     .outputs = {{2, 4, 4}, {2, 2, 4, 3}},
     .weights = {{"query/kernel", {5, 2, 3}},
                 {"key/kernel", {7, 2, 3}},
                 {"value/kernel", {6, 2, 1}},
                 {"attention_output/kernel", {2, 1, 4}}}},
    {.layer = "GroupQueryAttention",
     .masks = testing::Masks::uses_and_passes,
     .make = [](DType dtype) { return GroupQueryAttention(3, 4, 2, {.dtype = dtype}); },
     .inputs = {{.shape = {2, 4, 5}}, {.shape = {2, 3, 6}}},
     .outputs = {{2, 4, 5}},
     .weights = {{"query/kernel", {5, 4, 3}},
                 {"query/bias", {4, 3}},
                 {"key/kernel", {6, 2, 3}},
                 {"key/bias", {2, 3}},
                 {"value/kernel", {6, 2, 3}},
                 {"value/bias", {2, 3}},
                 {"attention_output/kernel", {4, 3, 5}},
                 {"attention_output/bias", {5}}},
     .wrong = {{{{2, 4, 5}}, "expected {query, value[, key[, mask]]}, received 1 tensor(s)"},
               {{{2, 4, 5}, {2, 3}}, "expected the value to be [batch, steps, features]"},
               {{{2, 4, 5}, {1, 3, 6}}, "in batches of one size"}}},
    {.layer = "GroupQueryAttention",
     .masks = testing::Masks::uses_and_passes,
     .make =
         [](DType dtype) {
           return GroupQueryAttention(2, 2, 1,
                                      {.use_bias = false,
                                       .sliding_window = 2,
                                       .return_attention_scores = true,
                                       .use_gate = true,
                                       .dtype = dtype});
         },
     .inputs =
         {{.shape = {2, 4, 5}}, {.shape = {2, 3, 6}}, {.shape = {2, 3, 7}}, {.shape = {2, 4, 3}, .dtype = boolean}},
     .outputs = {{2, 4, 5}, {2, 2, 4, 3}},
     .weights = {{"query/kernel", {5, 2, 2}},
                 {"key/kernel", {7, 1, 2}},
                 {"gate/kernel", {5, 2, 2}},
                 {"value/kernel", {6, 1, 2}},
                 {"attention_output/kernel", {2, 2, 5}}}},
    {.layer = "Attention",
     .masks = testing::Masks::uses_and_passes,
     .make = [](DType dtype) { return Attention({.use_scale = true, .dtype = dtype}); },
     .inputs = {{.shape = {2, 4, 3}}, {.shape = {2, 5, 3}}},
     .outputs = {{2, 4, 3}},
     .weights = {{"scale", {}}},
     .wrong = {{{{2, 4, 3}}, "expected {query, value[, key[, masks]]}, received 1 tensor(s)"},
               {{{2, 4, 3}, {2, 5, 4}}, "expected queries [batch, T, d]"}}},
    {.layer = "Attention",
     .masks = testing::Masks::uses_and_passes,
     .make =
         [](DType dtype) {
           return Attention({.score_mode = "concat", .return_attention_scores = true, .dtype = dtype});
         },
     .inputs = {{.shape = {2, 4, 3}}, {.shape = {2, 5, 6}}, {.shape = {2, 5, 3}}},
     .outputs = {{2, 4, 6}, {2, 4, 5}},
     .weights = {{"concat_score_weight", {}}}},
    {.layer = "AdditiveAttention",
     .masks = testing::Masks::uses_and_passes,
     .make = [](DType dtype) { return AdditiveAttention({.use_causal_mask = true, .dtype = dtype}); },
     .inputs = {{.shape = {2, 4, 3}}, {.shape = {2, 5, 3}}},
     .outputs = {{2, 4, 3}},
     .weights = {{"scale", {3}}}},
};

TEST_CASE("attention layers: what holds for every layer") { testing::check_layers(attention_table); }

const Tensor query = constant({{{1.0, -2.0}, {0.5, 3.0}}}), value = constant({{{2.0, 1.0}, {-1.0, 0.5}, {0.0, 1.5}}});

// The expected numbers below: written out in loops, in Python.
TEST_CASE("MultiHeadAttention: values") {
  const auto make = [](bool causal) {
    MultiHeadAttention attention(2, 1, {.use_causal_mask = causal, .return_attention_scores = true});
    (void)attention(TensorList{query, value});
    attention.set_weights({constant({{{0.5}, {-1.0}}, {{0.25}, {0.75}}}), constant({{0.1}, {0.2}}),
                           constant({{{1.0}, {0.5}}, {{-0.5}, {0.3}}}), constant({{0.0}, {-0.1}}),
                           constant({{{0.2}, {1.0}}, {{0.4}, {-0.6}}}), constant({{0.3}, {0.0}}),
                           constant({{{1.0, -1.0}}, {{0.5, 2.0}}}), constant({0.05, -0.05})});
    return attention;
  };
  MultiHeadAttention attention = make(false);
  const TensorList y = attention.outputs({query, value});
  CHECK_CLOSE(y[0], {0.2526078605812294, -3.239696700754384, 1.5787859035729603, 0.8109184535145562}, 1e-5);
  CHECK_CLOSE(y[1],
              {0.3909169138483645, 0.29692959025635435, 0.3121534958952812, 0.8828300758874869, 0.0428683050367339,
               0.07430161907577912, 0.019032336831840097, 0.8465247769562355, 0.13444288621192446, 0.8125655176492972,
               0.032547369395942397, 0.1548871129547603},
              1e-5);
  const std::vector<double> masked{0.18434051517904015, -3.285917873196832, 0.24575202520267958, -2.6693986722216847};
  const Tensor mask = constant({{true, true, false}, {false, true, true}});
  CHECK_CLOSE(attention({query, value, value, mask})[0], masked, 1e-5);
  CHECK_CLOSE(attention({query, value, value, expand_dims(mask, 0)})[0], masked, 1e-5);
  CHECK_CLOSE(attention({query, value, value, ones({1, 2, 1, 1}, boolean) & mask})[0], masked, 1e-5);
  MultiHeadAttention causal = make(true);
  CHECK_CLOSE(causal({query, value})[0], {1.85, 1.65, 1.7609608700824892, 1.4790800797239583}, 1e-5);
  // The path without scores.
  MultiHeadAttention fused(2, 1, {.use_causal_mask = true});
  (void)fused(TensorList{query, value});
  fused.set_weights(causal.get_weights());
  CHECK_CLOSE(fused({query, value}).only(), {1.85, 1.65, 1.7609608700824892, 1.4790800797239583}, 1e-5);
  CHECK_THROWS_TEXT(TypeError, "expected a bool mask, received float32", fused({query, value, value, ones({2, 3})}));
}

TEST_CASE("MultiHeadAttention: with and without scores, masks and second derivatives") {
  const Tensor x =
      reshape(constant({0.3, -1.2, 0.8, 0.5, 1.1, -0.4, 0.9, 0.2, -0.7, 1.4, 0.1, -0.6}, float64), {1, 4, 3});
  const Tensor mask = constant(
      {{true, false, true, true}, {true, true, false, false}, {false, false, false, false}, {false, true, true, true}});
  MultiHeadAttention plain(2, 3, {.dtype = float64});
  MultiHeadAttention scores(2, 3, {.return_attention_scores = true, .dtype = float64});
  (void)plain(TensorList{x, x});
  (void)scores(TensorList{x, x});
  scores.set_weights(plain.get_weights());
  CHECK_CLOSE(scores({x, x})[0], plain({x, x}).only(), 1e-12);
  const TensorList masked = scores({x, x, x, mask});
  CHECK_CLOSE(masked[0], plain({x, x, x, mask}).only(), 1e-12);
  // A query that may attend to nothing has weights of zero.
  CHECK_CLOSE(slice_axis(masked[1], 2, 2, 1), zeros({1, 2, 1, 4}));
  for (MultiHeadAttention* layer : {&plain, &scores}) {
    const GradientCheck check = check_gradients([&](const Tensor& t) { return (*layer)({t, t, t, mask})[0]; }, x);
    CHECK_MESSAGE(check, check.message);
  }
}

TEST_CASE("GroupQueryAttention: as MultiHeadAttention whose heads repeat the shared keys and values") {
  const Tensor x = random::Generator(1).normal({2, 5, 6}, 0, 1, float64),
               y = random::Generator(2).normal({2, 5, 4}, 0, 1, float64);
  const Tensor mask = random::Generator(3).uniform({2, 5, 5}, 0, 1, float64) < 0.6;
  const Tensor apart = constant({{0, 1, 2, 3, 4}, {1, 0, 1, 2, 3}, {2, 1, 0, 1, 2}, {3, 2, 1, 0, 1}, {4, 3, 2, 1, 0}});
  for (const bool causal : {false, true}) {
    for (const bool scores : {false, true}) {
      for (const std::optional<std::int64_t> window : {std::optional<std::int64_t>(), std::optional<std::int64_t>(2)}) {
        CAPTURE(causal);
        CAPTURE(scores);
        CAPTURE(window.has_value());
        GroupQueryAttention shared(3, 4, 2,
                                   {.sliding_window = window,
                                    .use_causal_mask = causal,
                                    .return_attention_scores = scores,
                                    .bias_initializer = "random_normal",
                                    .dtype = float64});
        MultiHeadAttention heads(4, 3,
                                 {.use_causal_mask = causal, .return_attention_scores = scores, .dtype = float64});
        (void)shared(TensorList{x, y});
        (void)heads(TensorList{x, y});
        std::vector<Tensor> weights = shared.get_weights();
        for (const std::size_t i : {2U, 3U, 4U, 5U}) {  // heads 0 0 1 1
          weights[i] = gather(weights[i], constant({0, 0, 1, 1}), weights[i].rank() - 2);
        }
        heads.set_weights(weights);
        const Tensor near = broadcast_to(apart < 2, {2, 5, 5}), all = ones({2, 5, 5}, boolean);
        const auto check = [&](const TensorList& inputs, const Tensor& allowed) {
          const TensorList a = shared(inputs), b = heads({x, y, y, window ? logical_and(allowed, near) : allowed});
          REQUIRE(a.size() == b.size());
          for (std::size_t i = 0; i < a.size(); ++i) CHECK_CLOSE(a[i], b[i], 1e-10, 1e-12);
        };
        check({x, y}, all);
        check({x, y, y, mask}, mask);
      }
    }
  }
}

TEST_CASE("GroupQueryAttention: a gate, by hand; what cannot be is refused") {
  // Of one step, the weights are 1: the values 3 and 5 of the two heads, halved and times sigmoid(1), summed.
  GroupQueryAttention gated(1, 2, 2, {.use_gate = true});
  const Tensor x = constant({{{1.0, 2.0}}});
  (void)gated(TensorList{x, x});
  const Tensor nothing = zeros({2, 2, 1}), none = zeros({2, 1});
  gated.set_weights({nothing, none, nothing, none, nothing, constant({{0.0F}, {1.0F}}),
                     reshape(constant({1.0F, 1.0F, 1.0F, 2.0F}), {2, 2, 1}), none,
                     reshape(constant({1.0F, 0.0F, 1.0F, 0.0F}), {2, 1, 2}), constant({10.0F, 20.0F})});
  const double y = 3 * 0.5 + 5 / (1 + std::exp(-1.0));
  CHECK_CLOSE(gated({x, x}).only(), {10 + y, 20}, 1e-6);
  CHECK_THROWS_TEXT(ValueError,
                    "`num_query_heads` must be divisible by `num_key_value_heads`. Received: "
                    "num_query_heads=3, num_key_value_heads=2",
                    GroupQueryAttention(2, 3, 2));
  CHECK_THROWS_TEXT(ValueError, "received head_dim=0, num_query_heads=1", GroupQueryAttention(0, 1, 1));
  CHECK_THROWS_TEXT(ValueError, "`sliding_window` must be `None` or a positive integer. Received: sliding_window=0",
                    GroupQueryAttention(2, 2, 1, {.sliding_window = 0}));
  CHECK_THROWS_TEXT(ValueError, "expected 0 <= dropout < 1, received dropout=1",
                    GroupQueryAttention(2, 2, 1, {.dropout = 1}));
}

TEST_CASE("Attention: values") {
  const auto check = [](layers::AttentionOptions options, const std::vector<double>& expected) {
    Attention attention(std::move(options));
    CHECK_CLOSE(attention({query, value}).only(), expected, 1e-5);
  };
  check({}, {1.5733942695780845, 0.9639074333747357, 0.7227003538946627, 1.2962626016720968});
  check({.score_mode = "concat"}, {0.7032571848451732, 1.156578884876029, 0.9664425819052374, 1.0978556328491704});
  Attention scaled({.use_scale = true, .score_mode = "concat"});
  (void)scaled({query, value});
  scaled.set_weights({constant(2.0), constant(3.0)});
  CHECK_CLOSE(scaled({query, value}).only(),
              {0.7257864659772701, 1.2974981202331315, 1.3350368450701573, 1.162000064303697}, 1e-5);

  Attention attention;
  const Tensor keys = constant({{true, false, true}}), queries = constant({{false, true}});
  CHECK_CLOSE(attention({query, value, value, keys}).only(),
              {1.9051482536448667, 1.0237129365887836, 0.7550813375962909, 1.3112296656009275}, 1e-5);
  CHECK_CLOSE(attention({query, value, value, queries, keys}).only(), {0, 0, 0.7550813375962909, 1.3112296656009275},
              1e-5);
  CHECK_THROWS_TEXT(ValueError, "expected score_mode to be one of dot, concat: received 'product'",
                    Attention({.score_mode = "product"}));
  CHECK_THROWS_TEXT(ValueError, "expected a value mask of shape (1, 3), received (1, 2)",
                    attention({query, value, value, queries}));
}

TEST_CASE("AdditiveAttention: values") {
  AdditiveAttention attention({.return_attention_scores = true});
  (void)attention({query, value});
  attention.set_weights({constant({0.5, -1.5})});
  const TensorList y = attention({query, value});
  CHECK_CLOSE(y[0], {0.5365641371278453, 0.9598822202027926, 0.6718405641596746, 1.0628490232271954}, 1e-5);
  CHECK_CLOSE(reduce_sum(y[1], -1), ones({1, 2}), 1e-6);
  AdditiveAttention plain({.use_scale = false});
  Attention concat({.score_mode = "concat"});
  CHECK_CLOSE(plain({query, value}).only(), concat({query, value}).only(), 1e-6);
}

TEST_CASE("attention layers: dropout of the weights, in training only") {
  MultiHeadAttention attention(1, 2, {.dropout = 0.5, .return_attention_scores = true, .seed = 3});
  const Tensor x = ones({2, 20, 2});  // equal keys: every weight is 1/20
  const Tensor calm = attention({x, x})[1], weights = attention({x, x}, {.training = true})[1];
  CHECK_CLOSE(calm, full({2, 1, 20, 20}, 0.05), 1e-5);
  std::int64_t dropped = 0;
  for (const float w : weights.data<float>()) {
    CHECK((w == 0 || std::abs(w - 0.1F) < 1e-5F));
    dropped += w == 0;
  }
  CHECK(std::abs(static_cast<double>(dropped) - 400) < 5 * std::sqrt(200.0));
  Attention dot({.dropout = 0.5, .seed = 3, .return_attention_scores = true});
  CHECK(reduce_any(dot({x, x}, {.training = true})[1] == 0).item<bool>());
  CHECK_THROWS_TEXT(ValueError, "expected 0 <= dropout < 1, received dropout=1", Attention({.dropout = 1}));
  CHECK_THROWS_TEXT(ValueError, "received num_heads=0, key_dim=2", MultiHeadAttention(0, 2));
}

TEST_CASE("MultiHeadAttention: in a model, of sequences of any length") {
  auto x = Input({-1, 4});
  MultiHeadAttention attention(2, 2);
  Model model(x, attention(SymbolicList{x, x}));
  CHECK(model(ones({3, 7, 4})).shape() == Shape{3, 7, 4});
  CHECK(model.variables()[0].name() == "functional/multi_head_attention/query/kernel");
}

}  // namespace
}  // namespace xtape
