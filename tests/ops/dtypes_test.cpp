#include <functional>

#include "ops/table.hpp"
#include "xtape/xtape.hpp"

// Operands of different dtypes, and of dtypes that an op does not take.
using namespace xtape;
using xtape::testing::tensor;

TEST_CASE("comparisons: two integer dtypes compare as the whole numbers they are") {
  const Tensor labels = tensor({0, 2, 1}, int32);
  CHECK_CLOSE(argmax(constant({{3., 1., 2.}, {1., 2., 3.}, {1., 3., 2.}}), 1) == labels, {1, 1, 1}, 0);
  CHECK_CLOSE(tensor({0, 255, 1}, uint8) == labels, {1, 0, 1}, 0);
  CHECK_CLOSE(tensor({0, 255, 1}, uint8) > tensor({-1, 300, 1}, int64), {1, 0, 0}, 0);
  CHECK_CLOSE(tensor({2}, {1, 1}, int32) >= tensor({1, 2, 3}, uint8), {1, 1, 0}, 0);
  // Beyond what float32 or float64 tell apart.
  const Tensor large = constant(std::vector<std::int64_t>{(std::int64_t{1} << 53) + 1, 4294967296});
  CHECK_CLOSE(large == tensor({1, 0}, int32), {0, 0}, 0);  // not modulo 2^32
  CHECK_CLOSE(large > constant(std::vector<std::int32_t>{2147483647, 2147483647}), {1, 1}, 0);
}

TEST_CASE("two dtypes, or the wrong one: the message says what to do") {
  const Tensor image = ones({2, 2}, uint8), f = ones({2, 2}), d = ones({2, 2}, float64), i = ones({2, 2}, int32),
               b = ones({2, 2}, boolean);
  CHECK_THROWS_TEXT(TypeError, "[divide] expected a floating tensor, received uint8: cast it, as cast(x, float32)",
                    image / 255);
  CHECK_THROWS_TEXT(TypeError, "[divide] dtypes differ: uint8 and float32, cast one of them, as cast(x, float32)",
                    image / 255.0);
  CHECK_THROWS_TEXT(TypeError, "cast one of them, as cast(x, float64)", f + d);
  CHECK_THROWS_TEXT(TypeError, "cast one of them, as cast(x, float32)", i * f);
  CHECK_THROWS_TEXT(TypeError, "cast one of them, as cast(x, int32)", i - image);
  CHECK_THROWS_TEXT(TypeError, "expected a numeric tensor, received bool: cast it, as cast(x, int32)", b + b);
  CHECK_THROWS_TEXT(TypeError, "expected a bool tensor, received int32: compare it, as x != 0", i & b);
  // Each op of two tensors or of one kind of dtype, called with another.
  using Call = std::function<void()>;
  const Tensor x3 = ones({1, 2, 2}), w3 = ones({1, 2, 2}, float64), x4 = ones({1, 2, 2, 1});
  const std::vector<std::pair<const char*, Call>> calls = {
      {"matmul", [&] { matmul(f, d); }},
      {"matmul integers", [&] { matmul(i, i); }},
      {"linear", [&] { linear(f, d); }},
      {"tensordot", [&] { tensordot(f, i, 1); }},
      {"einsum",
       [&] {
         einsum("ij,jk->ik", {f, d});
       }},
      {"outer", [&] { outer(ones({2}), ones({2}, int32)); }},
      {"where", [&] { where(f, f, f); }},
      {"where", [&] { where(b, f, i); }},
      {"maximum", [&] { maximum(f, i); }},
      {"pow", [&] { pow(i, i); }},
      {"atan2", [&] { atan2(i, f); }},
      {"floordiv", [&] { floordiv(i, f); }},
      {"squared_difference", [&] { squared_difference(f, d); }},
      {"divide_no_nan", [&] { divide_no_nan(i, i); }},
      {"less", [&] { less(i, f); }},
      {"equal", [&] { equal(b, i); }},
      {"clip_by_value", [&] { clip_by_value(f, d, d); }},
      {"logical_and", [&] { logical_and(i, b); }},
      {"logical_xor", [&] { logical_xor(i, b); }},
      {"logical_not", [&] { logical_not(i); }},
      {"sqrt", [&] { sqrt(i); }},
      {"exp", [&] { exp(image); }},
      {"negative", [&] { negative(b); }},
      {"concat",
       [&] {
         concat({f, d}, 0);
       }},
      {"stack",
       [&] {
         stack({f, i});
       }},
      {"gather", [&] { gather(f, f); }},
      {"gather batch_dims", [&] { gather(f, f, 1, 1); }},
      {"gather_nd", [&] { gather_nd(f, f); }},
      {"scatter_nd", [&] { scatter_nd(f, f, {2}); }},
      {"tensor_scatter_add",
       [&] {
         tensor_scatter_add(f, zeros({1, 1}, int32), ones({1, 2}, float64));
       }},
      {"boolean_mask", [&] { boolean_mask(f, i); }},
      {"one_hot", [&] { one_hot(f, 2); }},
      {"reduce_mean", [&] { reduce_mean(i); }},
      {"reduce_sum", [&] { reduce_sum(b); }},
      {"reduce_any", [&] { reduce_any(i); }},
      {"reduce_logsumexp", [&] { reduce_logsumexp(i); }},
      {"reduce_variance", [&] { reduce_variance(i); }},
      {"cumsum", [&] { cumsum(b); }},
      {"sort", [&] { sort(b); }},
      {"softmax", [&] { nn::softmax(i); }},
      {"l2_normalize", [&] { nn::l2_normalize(i); }},
      {"moments", [&] { nn::moments(i); }},
      {"layer_norm", [&] { nn::layer_norm(f, ones({2}, float64)); }},
      {"softmax_cross_entropy", [&] { nn::softmax_cross_entropy_with_logits(f, i); }},
      {"sparse_softmax_cross_entropy", [&] { nn::sparse_softmax_cross_entropy_with_logits(ones({2}), f); }},
      {"sigmoid_cross_entropy", [&] { nn::sigmoid_cross_entropy_with_logits(i, f); }},
      {"conv1d", [&] { nn::conv1d(x3, w3); }},
      {"conv1d integers", [&] { nn::conv1d(cast(x3, int32), cast(w3, int32)); }},
      {"max_pool2d", [&] { nn::max_pool2d(cast(x4, boolean), 1); }},
      {"avg_pool2d", [&] { nn::avg_pool2d(cast(x4, int32), 1); }},
      {"resize", [&] { image::resize(cast(x4, uint8), 2); }},
      {"set_diag", [&] { linalg::set_diag(f, ones({2}, int32)); }},
      {"solve", [&] { linalg::solve(f, d); }},
      {"cholesky", [&] { linalg::cholesky(i); }},
      {"global_norm",
       [&] {
         global_norm({f, d});
       }},
      {"clip_by_norm", [&] { clip_by_norm(i, 1.0); }},
      {"dropout", [&] { nn::dropout(i, 0.5); }},
      {"lstm",
       [&] {
         nn::lstm(x3, ones({2, 4}, float64), ones({1, 4}));
       }},
      {"attention", [&] { nn::scaled_dot_product_attention(x3, w3, x3); }},
  };
  for (const auto& each : calls) {
    const std::string name = each.first;
    CAPTURE(name);
    try {
      each.second();
      FAIL_CHECK("does not throw");
    } catch (const TypeError& error) {
      const std::string text = error.what();
      CAPTURE(text);
      CHECK((text.find("cast") != std::string::npos || text.find("compare") != std::string::npos));
    } catch (const std::exception& error) {
      FAIL_CHECK("throws another error: " << error.what());
    }
  }
}
