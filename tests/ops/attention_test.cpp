#include "xtape/ops/attention.hpp"

#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/random.hpp"
#include "xtape/ops/dropout.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;
using nn::AttentionOptions;

namespace {

const Table<Alone> attention_table{{"nn::scaled_dot_product_attention"}, {"nn::dot_product_attention"}};

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options = {}) {
  return nn::scaled_dot_product_attention(q, k, v, options);
}

/// The definition for operands [B, T, d], [B, S, d], [B, S, e]; score(b, t, s, plain) is what is exponentiated.
template <class Score>
std::vector<double> by_definition(const Tensor& q, const Tensor& k, const Tensor& v, const Score& score) {
  const std::vector<double> a = to_doubles(q), b = to_doubles(k), c = to_doubles(v);
  const std::int64_t B = q.shape()[0], T = q.shape()[1], S = k.shape()[1], d = q.shape()[2], e = v.shape()[2];
  const auto at = [](const std::vector<double>& values, std::int64_t i) { return values[static_cast<std::size_t>(i)]; };
  std::vector<double> y;
  for (std::int64_t n = 0; n < B; ++n) {
    for (std::int64_t t = 0; t < T; ++t) {
      std::vector<double> weights;
      double sum = 0;
      for (std::int64_t s = 0; s < S; ++s) {
        double dot = 0;
        for (std::int64_t i = 0; i < d; ++i) dot += at(a, (n * T + t) * d + i) * at(b, (n * S + s) * d + i);
        weights.push_back(std::exp(score(n, t, s, dot)));
        sum += weights.back();
      }
      for (std::int64_t j = 0; j < e; ++j) {
        double mixed = 0;
        for (std::int64_t s = 0; s < S; ++s) mixed += at(weights, s) / sum * at(c, (n * S + s) * e + j);
        y.push_back(mixed);
      }
    }
  }
  return y;
}

}  // namespace

TEST_CASE("attention: values follow the definition") {
  for (const DType dtype : {float64, float32, bfloat16}) {
    const Tensor q = some({2, 3, 4}, dtype), k = some({2, 5, 4}, dtype) * 0.7, v = some({2, 5, 6}, dtype) * 0.9;
    const double rtol = 16 * epsilon(dtype), atol = 8 * epsilon(dtype);
    const auto check = [&](const AttentionOptions& options, const auto& score) {
      const Tensor y = attention(q, k, v, options);
      CHECK(y.dtype() == dtype);
      CHECK(y.shape() == Shape{2, 3, 6});
      CHECK_CLOSE(y, by_definition(q, k, v, score), rtol, atol);
    };
    using I = std::int64_t;
    check({}, [](I, I, I, double dot) { return dot / 2; });
    check({.scale = 0.3}, [](I, I, I, double dot) { return dot * 0.3; });
    check({.is_causal = true}, [](I, I t, I s, double dot) { return s <= t ? dot / 2 : -INFINITY; });
    const Tensor keys = reshape(constant({1, 0, 1, 1, 0, 0, 1, 1, 0, 1}, boolean), {2, 1, 5});
    const auto keeps = [&](I n, I s) { return keys.data<bool>()[static_cast<std::size_t>(n * 5 + s)]; };
    check({.mask = keys}, [&](I n, I, I s, double dot) { return keeps(n, s) ? dot / 2 : -INFINITY; });
    const Tensor bias = some({3, 5}, dtype);
    const auto added = to_doubles(bias);
    check({.mask = bias},
          [&](I, I t, I s, double dot) { return dot / 2 + added[static_cast<std::size_t>(t * 5 + s)]; });
    check({.mask = bias, .is_causal = true, .scale = 1.0}, [&](I, I t, I s, double dot) {
      return s <= t ? dot + added[static_cast<std::size_t>(t * 5 + s)] : -INFINITY;
    });
  }
}

TEST_CASE("attention: equal keys give the mean of the values, one key gives its value") {
  const Tensor v = some({4, 3});
  CHECK_CLOSE(attention(some({2, 5}), ones({4, 5}, float64), v),
              {reduce_mean(slice_axis(v, 1, 0, 1)).item(), reduce_mean(slice_axis(v, 1, 1, 1)).item(),
               reduce_mean(slice_axis(v, 1, 2, 1)).item(), reduce_mean(slice_axis(v, 1, 0, 1)).item(),
               reduce_mean(slice_axis(v, 1, 1, 1)).item(), reduce_mean(slice_axis(v, 1, 2, 1)).item()},
              1e-14);
  CHECK_CLOSE(attention(some({1, 5}), some({1, 5}), slice_axis(v, 0, 0, 1)), slice_axis(v, 0, 0, 1), 1e-15);
}

TEST_CASE("attention: heads and batches broadcast") {
  const Tensor q = some({2, 3, 4, 5}), k = some({3, 6, 5}), v = some({2, 1, 6, 2});
  const Tensor y = attention(q, k, v);
  CHECK(y.shape() == Shape{2, 3, 4, 2});
  for (std::int64_t n = 0; n < 2; ++n) {
    for (std::int64_t h = 0; h < 3; ++h) {
      const auto part = [](const Tensor& t, std::int64_t i) { return squeeze(slice_axis(t, 0, i, 1), 0); };
      // Means of values of up to 2: where they cancel, the error is relative to these.
      CHECK_CLOSE(part(part(y, n), h), attention(part(part(q, n), h), part(k, h), part(part(v, n), 0)), 1e-14, 2e-15);
    }
  }
}

TEST_CASE("attention: gradients agree with finite differences to second order") {
  const Tensor q = some({2, 3, 2}), k = some({2, 4, 2}) * 0.7, v = some({2, 4, 3}) * 0.9;
  const Tensor allowed =
      constant({{true, false, true, true}, {true, true, false, false}, {false, false, false, false}});
  for (const AttentionOptions& options :
       {AttentionOptions{}, AttentionOptions{.is_causal = true}, AttentionOptions{.mask = allowed, .scale = 0.4}}) {
    const GradientCheck check = check_gradients(
        [&](const Tensor& a, const Tensor& b, const Tensor& c) { return attention(a, b, c, options); }, q, k, v);
    CHECK_MESSAGE(check, check.message);
  }
  const GradientCheck of_mask = check_gradients(
      [&](const Tensor& a, const Tensor& mask) { return attention(a, k, v, {.mask = mask}); }, q, some({3, 4}));
  CHECK_MESSAGE(of_mask, of_mask.message);
}

TEST_CASE("attention: heads that lie side by side give what heads of their own axis give") {
  const auto swapped = [](const Tensor& x) { return transpose(x, {0, 2, 1, 3}); };
  for (const DType dtype : {float64, float32, bfloat16}) {
    const double tolerance = 32 * epsilon(dtype);
    // 70 queries need a second piece; 1100 keys allow few queries at a time.
    for (const auto& [queries, keys] : {std::pair{3, 5}, std::pair{70, 70}, std::pair{130, 9}, std::pair{66, 1100}}) {
      const Tensor q = some({2, queries, 3, 4}, dtype), k = some({2, keys, 3, 4}, dtype) * 0.7;
      const Tensor v = some({2, keys, 3, 5}, dtype) * 0.9;
      const Tensor bias = some({3, queries, keys}, dtype), allowed = some({2, 1, queries, keys}) > -0.5;
      for (const AttentionOptions& options :
           {AttentionOptions{}, AttentionOptions{.is_causal = true}, AttentionOptions{.mask = bias},
            AttentionOptions{.mask = allowed, .is_causal = true, .scale = 0.7}}) {
        // Keys with a batch of 1 broadcast, which uses separate ops.
        std::vector<Tensor> parts;
        for (std::int64_t n = 0; n < 2; ++n) {
          const auto part = [n](const Tensor& x) { return slice_axis(x, 0, n, 1); };
          AttentionOptions own = options;
          if (own.mask.defined() && own.mask.rank() == 4) own.mask = part(own.mask);
          const Tensor twice = concat({swapped(part(q)), swapped(part(q))}, 0);
          parts.push_back(slice_axis(attention(twice, swapped(part(k)), swapped(part(v)), own), 0, 0, 1));
        }
        const Tensor y = nn::dot_product_attention(q, k, v, options);
        CHECK(y.shape() == Shape{2, queries, 3, 5});
        CHECK_CLOSE(y, swapped(concat(parts, 0)), tolerance, tolerance);
        CHECK_CLOSE(swapped(attention(swapped(q), swapped(k), swapped(v), options)), y, tolerance, tolerance);
      }
    }
  }
}

TEST_CASE("attention: gradients of long sequences, kept weights or not, are those of separate ops") {
  const std::int64_t queries = 70, keys = 1000;
  const Tensor q = some({1, 2, queries, 3}), k = some({1, 2, keys, 3}), v = some({1, 2, keys, 2});
  const Tensor bias = some({queries, keys}), dy = some({1, 2, queries, 2});
  for (const bool causal : {false, true}) {
    const AttentionOptions options{.mask = bias, .is_causal = causal};
    const std::vector<Tensor> sources{q, k, v, bias};
    const auto gradients = [&](bool separate) {  // keys and values that broadcast use separate ops
      GradientTape tape;
      for (const Tensor& t : sources) tape.watch(t);
      const Tensor y = attention(separate ? concat({q, q}, 0) : q, k, v, options);
      return tape.gradient(reduce_sum(y * dy) / (separate ? 2 : 1), sources);
    };
    const auto one = gradients(false), other = gradients(true);
    for (std::size_t i = 0; i < sources.size(); ++i) CHECK_CLOSE(one[i], other[i], 1e-9, 1e-12);
  }
}

TEST_CASE("attention: gradients of the op with heads inside agree with finite differences to second order") {
  const Tensor q = some({2, 3, 2, 2}), k = some({2, 4, 2, 2}) * 0.7, v = some({2, 4, 2, 3}) * 0.9;
  const Tensor allowed = reshape(
      constant({{true, false, true, true}, {true, true, false, false}, {false, false, false, false}}), {1, 3, 4});
  for (const AttentionOptions& options :
       {AttentionOptions{}, AttentionOptions{.is_causal = true}, AttentionOptions{.mask = allowed, .scale = 0.4},
        AttentionOptions{.mask = slice_axis(allowed, 2, 0, 1)}}) {
    const GradientCheck check = check_gradients(
        [&](const Tensor& a, const Tensor& b, const Tensor& c) { return nn::dot_product_attention(a, b, c, options); },
        q, k, v);
    CHECK_MESSAGE(check, check.message);
  }
  for (const Shape& shape : {Shape{3, 4}, Shape{2, 1, 1, 4}, Shape{2, 3, 1}, Shape{}}) {
    CAPTURE(shape.str());
    const GradientCheck of_mask = check_gradients(
        [&](const Tensor& a, const Tensor& mask) {
          return nn::dot_product_attention(a, k, v, {.mask = mask, .is_causal = true});
        },
        q, some(shape));
    CHECK_MESSAGE(of_mask, of_mask.message);
  }
}

TEST_CASE("attention: dropout draws like nn::dropout of the weights, gradients included") {
  const Tensor q = some({2, 5, 2, 3}), k = some({2, 6, 2, 3}), v = some({2, 6, 2, 4});
  const auto fused = [&](const Tensor& a, const Tensor& b, const Tensor& c, std::uint64_t seed) {
    random::Generator generator(seed);
    return nn::dot_product_attention(a, b, c, {.is_causal = true, .dropout = 0.4, .generator = &generator});
  };
  const auto separate = [&](const Tensor& a, const Tensor& b, const Tensor& c, std::uint64_t seed) {
    random::Generator generator(seed);
    const auto swapped = [](const Tensor& x) { return transpose(x, {0, 2, 1, 3}); };
    const Tensor scores = matmul(swapped(a), swapped(b), {.transpose_b = true}) / std::sqrt(3.0);
    const Tensor lowest = where(tril(ones({5, 6}, boolean)), zeros({}, float64), -1e30);
    const Tensor weights = nn::dropout(nn::softmax(scores + lowest), 0.4, {.generator = &generator});
    return swapped(matmul(weights, swapped(c)));
  };
  CHECK_CLOSE(fused(q, k, v, 3), separate(q, k, v, 3), 1e-13, 1e-14);
  CHECK(reduce_max(abs(fused(q, k, v, 3) - fused(q, k, v, 4))).item() > 0.01);
  const GradientCheck check =
      check_gradients([&](const Tensor& a, const Tensor& b, const Tensor& c) { return fused(a, b, c, 5); }, q, k, v);
  CHECK_MESSAGE(check, check.message);
}

TEST_CASE("attention: results do not depend on the number of threads") {
  const Tensor q = some({3, 64, 2, 16}, float32), k = some({3, 80, 2, 16}, float32), v = some({3, 80, 2, 8}, float32);
  const auto run = [&] {
    GradientTape tape;
    for (const Tensor& t : {q, k, v}) tape.watch(t);
    const Tensor y = nn::dot_product_attention(q, k, v, {.is_causal = true});
    Tensors all = tape.gradient(y, std::vector<Tensor>{q, k, v}, {.output_gradients = {y}});
    all.push_back(y);
    return all;
  };
  const Threads one(1);
  const Tensors alone = run();
  const Threads three(3);
  const Tensors together = run();
  for (std::size_t i = 0; i < alone.size(); ++i) CHECK_SAME_BITS(alone[i], together[i]);
}

TEST_CASE("attention: a query without keys gives zeros, with zero gradients") {
  const Tensor q = some({2, 2}), k = some({3, 2}), v = some({3, 2});
  const Tensor mask = constant({{false, false, false}, {true, true, false}});
  GradientTape tape;
  for (const auto& t : {q, k, v}) tape.watch(t);
  const Tensor y = attention(q, k, v, {.mask = mask});
  CHECK_CLOSE(slice_axis(y, 0, 0, 1), {0, 0});
  CHECK_CLOSE(slice_axis(y, 0, 1, 1), attention(slice_axis(q, 0, 1, 1), slice_axis(k, 0, 0, 2), slice_axis(v, 0, 0, 2)),
              1e-14);
  const auto gradients = tape.gradient(y, std::vector<Tensor>{q, k, v});
  CHECK_CLOSE(slice_axis(gradients[0], 0, 0, 1), {0, 0});
  CHECK_CLOSE(slice_axis(gradients[2], 0, 2, 1), {0, 0});
  for (const auto& g : gradients) {
    for (const double value : to_doubles(g)) CHECK(std::isfinite(value));
  }
  CHECK_CLOSE(attention(q, k, v, {.mask = constant(false)}), {0, 0, 0, 0});
  // -inf in an additive mask leaves nothing to divide by.
  CHECK_CLOSE(attention(q, k, v, {.mask = full({1, 3}, -INFINITY, float64)}), {NAN, NAN, NAN, NAN});
}

TEST_CASE("attention: empty operands, single ones, extreme ones") {
  CHECK(attention(ones({0, 4}), ones({3, 4}), ones({3, 2})).shape() == Shape{0, 2});
  CHECK(attention(ones({0, 2, 3, 4}), ones({0, 2, 3, 4}), ones({0, 2, 3, 4}), {.is_causal = true}).shape() ==
        Shape{0, 2, 3, 4});
  CHECK_TENSOR_EQ(attention(ones({2, 4}), ones({0, 4}), ones({0, 3})), zeros({2, 3}));
  CHECK_CLOSE(attention(ones({1, 0}), ones({2, 0}), constant({{1.0}, {3.0}})), {2});
  using nn::dot_product_attention;
  CHECK(dot_product_attention(ones({0, 2, 3, 4}), ones({0, 5, 3, 4}), ones({0, 5, 3, 1})).shape() == Shape{0, 2, 3, 1});
  CHECK(dot_product_attention(ones({2, 0, 3, 4}), ones({2, 5, 3, 4}), ones({2, 5, 3, 1})).shape() == Shape{2, 0, 3, 1});
  for (const auto& [queries, keys] : {std::pair{0, 3}, std::pair{2, 0}}) {
    const Tensor q = ones({1, queries, 2, 4}), k = ones({1, keys, 2, 4}), v = ones({1, keys, 2, 3});
    GradientTape tape;
    for (const auto& t : {q, k, v}) tape.watch(t);
    const Tensor y = dot_product_attention(q, k, v, {.is_causal = true});
    CHECK_TENSOR_EQ(y, zeros({1, queries, 2, 3}));
    const auto gradients = tape.gradient(y, std::vector<Tensor>{q, k, v});
    CHECK_TENSOR_EQ(gradients[0], zeros(q.shape()));
    CHECK_TENSOR_EQ(gradients[1], zeros(k.shape()));
    CHECK_TENSOR_EQ(gradients[2], zeros(v.shape()));
  }
  for (const DType dtype : {float32, float64}) {
    const Tensor q = tensor({300, -300}, {2, 1}, dtype), k = tensor({300, -300}, {2, 1}, dtype);
    const Tensor v = tensor({1, 2}, {2, 1}, dtype);
    CHECK_CLOSE(attention(q, k, v), {1, 2});
    GradientTape tape;
    tape.watch(q);
    for (const double value : to_doubles(tape.gradient(attention(q, k, v), q))) CHECK(std::isfinite(value));
  }
}

TEST_CASE("attention: errors") {
  const std::string op = "[scaled_dot_product_attention] ";
  CHECK_THROWS_TEXT(
      ValueError,
      op + "expected queries [..., T, d], keys [..., S, d] and values [..., S, e]: received (2, 3), (4, 5) "
           "and (4, 3)",
      attention(ones({2, 3}), ones({4, 5}), ones({4, 3})));
  CHECK_THROWS_TEXT(ValueError, op + "expected queries", attention(ones({2, 3}), ones({4, 3}), ones({5, 3})));
  CHECK_THROWS_TEXT(ValueError, op + "expected queries", attention(ones({3}), ones({4, 3}), ones({4, 3})));
  CHECK_THROWS_TEXT(TypeError, op + "dtypes differ: queries float32, keys float64, values float32",
                    attention(ones({2, 3}), ones({4, 3}, float64), ones({4, 3})));
  CHECK_THROWS_TEXT(TypeError, op + "expected floating tensors, received int32",
                    attention(ones({2, 3}, int32), ones({4, 3}, int32), ones({4, 3}, int32)));
  CHECK_THROWS_TEXT(TypeError, op + "expected a mask of dtype bool or float32, received int32",
                    attention(ones({2, 3}), ones({4, 3}), ones({4, 3}), {.mask = ones({2, 4}, int32)}));
  CHECK_THROWS_TEXT(ValueError, op + "expected a mask that broadcasts to the scores of shape (2, 4): received (3, 4)",
                    attention(ones({2, 3}), ones({4, 3}), ones({4, 3}), {.mask = ones({3, 4}, boolean)}));
  CHECK_THROWS_TEXT(ValueError, op + "expected 0 <= dropout < 1, received dropout=1",
                    attention(ones({2, 3}), ones({4, 3}), ones({4, 3}), {.dropout = 1}));
  CHECK_THROWS_TEXT(ValueError, op + "shapes do not broadcast",
                    attention(ones({2, 2, 3}), ones({3, 4, 3}), ones({3, 4, 3})));
  const std::string inside = "[dot_product_attention] ";
  CHECK_THROWS_TEXT(ValueError,
                    inside +
                        "expected queries [batch, T, heads, d], keys [batch, S, heads, d] and values [batch, S, "
                        "heads, e]: received (2, 3, 4), (2, 3, 4) and (2, 3, 4)",
                    nn::dot_product_attention(ones({2, 3, 4}), ones({2, 3, 4}), ones({2, 3, 4})));
  CHECK_THROWS_TEXT(ValueError, inside + "expected queries",
                    nn::dot_product_attention(ones({2, 3, 4, 5}), ones({2, 3, 2, 5}), ones({2, 3, 2, 5})));
  CHECK_THROWS_TEXT(TypeError, inside + "dtypes differ: queries float32, keys float64, values float32",
                    nn::dot_product_attention(ones({2, 3, 4, 5}), ones({2, 3, 4, 5}, float64), ones({2, 3, 4, 5})));
  CHECK_THROWS_TEXT(
      ValueError, inside + "expected a mask that broadcasts to the scores of shape (2, 4, 3, 6): received (3, 5)",
      nn::dot_product_attention(ones({2, 3, 4, 5}), ones({2, 6, 4, 5}), ones({2, 6, 4, 5}), {.mask = ones({3, 5})}));
}
