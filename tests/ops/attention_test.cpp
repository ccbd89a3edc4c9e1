#include "xtape/ops/attention.hpp"

#include "ops/table.hpp"
#include "xtape/core/error.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;
using nn::AttentionOptions;

namespace {

const Table<Alone> table{{"nn::scaled_dot_product_attention"}};

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
      CHECK_CLOSE(part(part(y, n), h), attention(part(part(q, n), h), part(k, h), part(part(v, n), 0)), 1e-14);
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
}
