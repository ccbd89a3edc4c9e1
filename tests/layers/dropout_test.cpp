#include "xtape/layers/dropout.hpp"

#include <cmath>

#include "support/check.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/activation.hpp"
#include "xtape/layers/flatten.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

TEST_CASE("Dropout: outside of training the input passes unchanged") {
  layers::Dropout dropout(0.5);
  const Tensor x = ones({3, 4});
  CHECK_TENSOR_EQ(dropout(x), x);
  CHECK_TENSOR_EQ(layers::Dropout(0)(x, {.training = true}), x);
}

TEST_CASE("Dropout: in training a share `rate` is 0 and the rest scaled up") {
  layers::Dropout dropout(0.2, {.seed = 7});
  const Tensor y = dropout(ones({200, 500}), {.training = true});
  std::int64_t dropped = 0;
  for (const float v : y.data<float>()) {
    CHECK_MESSAGE((v == 0 || v == 1.25F), v);
    dropped += v == 0 ? 1 : 0;
  }
  // 100000 draws: five standard deviations are 632.
  CHECK(std::abs(static_cast<double>(dropped) - 20000) < 632);
}

TEST_CASE("Dropout: the gradient goes where the value went; two calls drop different elements") {
  layers::Dropout dropout(0.5, {.seed = 3});
  const Tensor x = ones({1000});
  GradientTape tape;
  tape.watch(x);
  const Tensor y = dropout(x, {.training = true});
  CHECK_TENSOR_EQ(tape.gradient(y, x), y);  // of ones: 0 or 2
  const Tensor again = dropout(x, {.training = true});
  CHECK(reduce_any(y != again).item<bool>());
}

TEST_CASE("Dropout: a seed repeats, whatever the number of threads") {
  const auto run = [](int threads) {
    const testing::Threads scope(threads);
    layers::Dropout dropout(0.3, {.seed = 11});
    return dropout(ones({300, 700}), {.training = true});
  };
  CHECK_SAME_BITS(run(1), run(2));
}

TEST_CASE("Dropout: a rate outside [0, 1) is refused") {
  CHECK_THROWS_TEXT(ValueError, "expected 0 <= rate < 1, received rate=1", layers::Dropout(1));
  CHECK_THROWS_TEXT(ValueError, "received rate=-0.1", layers::Dropout(-0.1));
}

TEST_CASE("Flatten: everything but the batch axis becomes one") {
  layers::Flatten flatten;
  CHECK(flatten(zeros({5, 28, 28, 1})).shape() == Shape{5, 784});
  CHECK(flatten(zeros({0, 28, 28})).shape() == Shape{0, 784});
  CHECK(flatten(zeros({5})).shape() == Shape{5, 1});
  CHECK_THROWS_TEXT(ValueError, "[Flatten] expected a batch, received a scalar", flatten(constant(1.0)));
}

TEST_CASE("Activation: by function and by name") {
  const Tensor x = constant({-1.0, 0.0, 2.0});
  CHECK_CLOSE(layers::Activation("relu")(x), {0.0, 0.0, 2.0});
  CHECK_CLOSE(layers::Activation("linear")(x), {-1.0, 0.0, 2.0});
  CHECK_CLOSE(layers::Activation("softplus")(x),
              {std::log1p(std::exp(-1.0)), std::log(2.0), std::log1p(std::exp(2.0))});
}

}  // namespace
}  // namespace xtape
