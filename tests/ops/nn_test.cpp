#include "xtape/ops/nn.hpp"

#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/dropout.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> nn_alone{
    {"nn::sigmoid_cross_entropy_with_logits"}, {"nn::dropout"}, {"nn::bias_add"}, {"nn::embedding_lookup"}};

}  // namespace

TEST_CASE("sigmoid_cross_entropy_with_logits: the definition, extremes, gradients to second order") {
  const std::vector<double> logits{-300, -20, -1.5, 0, 0.3, 4, 300}, labels{0, 0.2, 0.5, 1, 0, 0.9, 1};
  std::vector<double> expected, slopes;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double x = logits[i], z = labels[i];
    // -log(sigmoid(x)) = log(1 + e^-x)
    expected.push_back(z * std::log1p(std::exp(-x)) + (1 - z) * (x > 200 ? x : std::log1p(std::exp(x))));
    slopes.push_back(1 / (1 + std::exp(-x)) - z);
  }
  for (const DType dtype : {float64, float32}) {
    const Tensor x = tensor(logits, dtype), z = tensor(labels, dtype);
    GradientTape tape;
    tape.watch(x);
    const Tensor y = nn::sigmoid_cross_entropy_with_logits(z, x);
    CHECK_CLOSE(y, expected, 8 * epsilon(dtype), 1e-100);
    CHECK_CLOSE(tape.gradient(y, x), slopes, 16 * epsilon(dtype), 4 * epsilon(dtype));
  }
  CHECK_CLOSE(nn::sigmoid_cross_entropy_with_logits(tensor({0, 1}), tensor({300, -300})), {300, 300}, 1e-15);
  const GradientCheck check =
      check_gradients(nn::sigmoid_cross_entropy_with_logits, some({3, 2}, float64, 0.1, 0.9), some({3, 2}));
  CHECK_MESSAGE(check, check.message);
  CHECK(nn::sigmoid_cross_entropy_with_logits(zeros({0, 2}), zeros({0, 2})).shape() == Shape{0, 2});
  CHECK(nn::sigmoid_cross_entropy_with_logits(ones({2}, bfloat16), ones({2}, bfloat16)).dtype() == bfloat16);
  CHECK_THROWS_TEXT(ValueError,
                    "[sigmoid_cross_entropy_with_logits] labels and logits must have one shape: (2,) and (2, 1)",
                    nn::sigmoid_cross_entropy_with_logits(ones({2}), ones({2, 1})));
  CHECK_THROWS_TEXT(TypeError, "[sigmoid_cross_entropy_with_logits] dtypes differ: int32 and float32, cast one of them",
                    nn::sigmoid_cross_entropy_with_logits(ones({2}, int32), ones({2})));
}

TEST_CASE("dropout: the share that stays, its size, and the same elements in the gradient") {
  const std::int64_t n = 200'000;
  for (const DType dtype : {float32, float64, bfloat16}) {
    const Tensor x = full({n}, 3, dtype);
    const Tensor y = nn::dropout(x, 0.25, {.seed = 1});
    CHECK(y.dtype() == dtype);
    const double kept = reduce_sum(cast(y != 0, float64)).item();
    CHECK_CLOSE(kept, 0.75 * n, 0, 5 * std::sqrt(n * 0.25 * 0.75));
    CHECK_CLOSE(reduce_max(y).item(), 4.0, 1e-6);
    CHECK_CLOSE(reduce_sum(cast(y, float64)).item(), 4 * kept, 1e-6);
  }
  const Tensor x = some({1000});
  GradientTape tape;
  tape.watch(x);
  const Tensor y = nn::dropout(x, 0.5, {.seed = 2});
  CHECK_CLOSE(tape.gradient(y, x) * x, y, 1e-14);
  const GradientCheck check =
      check_gradients([](const Tensor& t) { return square(nn::dropout(t, 0.4, {.seed = 3})); }, some({4, 3}));
  CHECK_MESSAGE(check, check.message);
}

TEST_CASE("dropout: seeds, generators, rates; what is dropped is 0 whatever it was") {
  const Tensor x = ones({1000});
  CHECK_SAME_BITS(nn::dropout(x, 0.5, {.seed = 4}), nn::dropout(x, 0.5, {.seed = 4}));
  CHECK_FALSE(reduce_all(nn::dropout(x, 0.5) == nn::dropout(x, 0.5)).item<bool>());
  random::Generator generator(4);
  CHECK_SAME_BITS(nn::dropout(x, 0.5, {.generator = &generator}), nn::dropout(x, 0.5, {.seed = 4}));
  CHECK(generator.state().position > 0);
  CHECK(nn::dropout(x, 0).is_same(x));
  const Tensor y = nn::dropout(full({1000}, NAN), 0.5, {.seed = 5});
  CHECK_CLOSE(reduce_sum(cast(y == 0, float64)).item(), 500.0, 0, 5 * std::sqrt(250.0));
  CHECK(nn::dropout(zeros({0, 2}), 0.5).shape() == Shape{0, 2});
  const Tensor large = ones({100'003});
  const auto with_threads = [&](int count) {
    const Threads threads(count);
    return nn::dropout(large, 0.1, {.seed = 6});
  };
  CHECK_SAME_BITS(with_threads(3), with_threads(1));
  for (const double rate : {-0.1, 1.0, static_cast<double>(NAN)}) {
    CHECK_THROWS_TEXT(ValueError, "[dropout] expected 0 <= rate < 1, received rate=", nn::dropout(x, rate));
  }
  CHECK_THROWS_TEXT(TypeError, "[dropout] expected a floating tensor, received int32",
                    nn::dropout(ones({2}, int32), 0.5));
}

TEST_CASE("bias_add: along the last axis, and no other form") {
  CHECK_CLOSE(nn::bias_add(tensor({1, 2, 3, 4}, {2, 2}), tensor({10, 20})), {11, 22, 13, 24});
  CHECK_TENSOR_EQ(nn::bias_add(ones({1, 2, 1}, int32), ones({1}, int32)), full({1, 2, 1}, 2, int32));
  CHECK(nn::bias_add(zeros({0, 2}), zeros({2})).shape() == Shape{0, 2});
  const GradientCheck check = check_gradients(nn::bias_add, some({2, 2, 3}), some({3}));
  CHECK_MESSAGE(check, check.message);
  for (const Shape& bias : {Shape{3}, Shape{}, Shape{1}, Shape{1, 2}}) {
    CHECK_THROWS_TEXT(ValueError, "[bias_add] expected x [..., n] and a bias [n]: (2, 2) and " + bias.str(),
                      nn::bias_add(ones({2, 2}), ones(bias)));
  }
  CHECK_THROWS_TEXT(ValueError, "[bias_add] expected x [..., n] and a bias [n]: () and (1,)",
                    nn::bias_add(ones({}), ones({1})));
}

TEST_CASE("embedding_lookup: rows at ids of any shape") {
  const Tensor params = tensor({1, 2, 3, 4, 5, 6}, {3, 2});
  CHECK_CLOSE(nn::embedding_lookup(params, constant({{2, 0}, {2, 1}})), tensor({5, 6, 1, 2, 5, 6, 3, 4}, {2, 2, 2}));
  GradientTape tape;
  tape.watch(params);
  CHECK_CLOSE(tape.gradient(nn::embedding_lookup(params, constant({2, 0, 2})), params), {1, 1, 0, 0, 2, 2});
  CHECK_THROWS_TEXT(IndexError, "index 3 at position 0 is outside axis 0 of shape (3, 2)",
                    nn::embedding_lookup(params, constant({3})));
}
