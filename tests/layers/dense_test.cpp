#include "xtape/layers/dense.hpp"

#include <algorithm>
#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/sgd.hpp"
#include "xtape/regularizers/l1_l2.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

/// A dense layer with kernel {{1, -2}, {3, 4}, {-5, 6}} and bias {0.5, -0.5}.
layers::Dense fixed(ActivationFunction activation = {}) {
  return layers::Dense(2, {.activation = std::move(activation),
                           .kernel_initializer =
                               [](const Shape& s, DType d) {
                                 CHECK(s == Shape{3, 2});
                                 return constant({{1, -2}, {3, 4}, {-5, 6}}, d);
                               },
                           .bias_initializer =
                               [](const Shape&, DType d) {
                                 return constant({0.5, -0.5}, d);
                               }});
}

const Tensor x = constant({{1.0, 2.0, 3.0}, {-1.0, 0.5, 0.0}});
// x kernel + bias, by hand
const std::vector<double> z = {1 + 6 - 15 + 0.5, -2 + 8 + 18 - 0.5, -1 + 1.5 + 0.5, 2 + 2 - 0.5};

TEST_CASE("Dense: activation(x kernel + bias)") {
  CHECK_CLOSE(fixed()(x), z);
  std::vector<double> relu, tanh;
  for (const double v : z) {
    relu.push_back(std::max(v, 0.0));
    tanh.push_back(std::tanh(v));
  }
  CHECK_CLOSE(fixed(nn::relu)(x), relu);
  CHECK_CLOSE(fixed("relu")(x), relu);
  CHECK_CLOSE(fixed("tanh")(x), tanh, 1e-6);
  CHECK_CLOSE(fixed([](const Tensor& t) { return t * 2; })(x), {2 * z[0], 2 * z[1], 2 * z[2], 2 * z[3]});
}

TEST_CASE("Dense: leading axes are kept, a vector is one sample, an empty batch works") {
  auto dense = fixed();
  CHECK(dense(zeros({4, 5, 3})).shape() == Shape{4, 5, 2});
  CHECK_CLOSE(dense(constant({1.0, 2.0, 3.0})), {z[0], z[1]});
  CHECK(dense(zeros({0, 3})).shape() == Shape{0, 2});
}

TEST_CASE("Dense: weights, their shapes and defaults") {
  layers::Dense dense(7);
  (void)dense(ones({1, 5}));
  CHECK(dense.kernel().shape() == Shape{5, 7});
  CHECK_TENSOR_EQ(dense.bias().peek(), zeros({7}));
  const double limit = std::sqrt(6.0 / (5 + 7));  // glorot_uniform
  CHECK(reduce_max(abs(dense.kernel())).item() <= limit);
  CHECK(reduce_max(abs(dense.kernel())).item() > 0.5 * limit);

  layers::Dense plain(7, {.use_bias = false});
  (void)plain(ones({1, 5}));
  CHECK(plain.variables().size() == 1);
}

TEST_CASE("Dense: float64, gradients against finite differences to second order") {
  layers::Dense dense(3, {.activation = nn::relu, .dtype = float64});
  const Tensor input = constant({{0.3, -0.7}, {0.9, 0.4}, {-0.2, 0.8}}, float64);
  CHECK(dense(input).dtype() == float64);
  CHECK(check_gradients([&](const std::vector<Tensor>& in) { return reduce_sum(square(dense(in[0]))); }, {input}));
  // For the weights: through assign, by central differences.
  for (const auto& weight : dense.variables()) {
    const Tensor value = weight.value();
    Variable w = weight;
    GradientTape tape;
    const Tensor loss = reduce_sum(square(dense(input)));
    const Tensor gradient = tape.gradient(loss, weight);
    for (std::int64_t i = 0; i < value.size(); ++i) {
      const auto shifted = [&](double by) {
        auto numbers = value.to_vector<double>();
        numbers[static_cast<std::size_t>(i)] += by;
        w.assign(constant(numbers, value.shape()));
        return reduce_sum(square(dense(input))).item();
      };
      const double numeric = (shifted(1e-6) - shifted(-1e-6)) / 2e-6;
      CHECK(gradient.data<double>()[static_cast<std::size_t>(i)] == doctest::Approx(numeric).epsilon(1e-6));
    }
    w.assign(value);
  }
}

TEST_CASE("Dense: regularizers are among the losses, constraints hold after an update") {
  layers::Dense dense(1, {.kernel_initializer = "ones",
                          .bias_initializer = "ones",
                          .kernel_regularizer = regularizers::L2{.l2 = 0.5},
                          .bias_regularizer = regularizers::L1{.l1 = 0.25},
                          .activity_regularizer = "l2",
                          .kernel_constraint = "non_neg",
                          .bias_constraint = [](const Tensor& b) { return minimum(b, 0.5); }});
  GradientTape tape;
  const Tensor y = dense(constant({{1.0, 0.0}, {2.0, 0.0}}));  // 2 and 3
  const auto losses = dense.losses();
  REQUIRE(losses.size() == 3);
  CHECK(losses[0].item() == doctest::Approx(0.01 * (4 + 9) / 2));
  CHECK(losses[1].item() == doctest::Approx(0.5 * 2));
  CHECK(losses[2].item() == doctest::Approx(0.25));
  const auto gradients = tape.gradient(reduce_sum(y), dense.trainable_variables());  // (3, 0) and 2
  optimizers::SGD({.learning_rate = 1}).apply_gradients(zip(gradients, dense.trainable_variables()));
  CHECK_CLOSE(dense.kernel(), {0.0, 1.0});
  CHECK_CLOSE(dense.bias(), {-1.0});
}

TEST_CASE("Dense: what cannot be is refused with what was received") {
  CHECK_THROWS_TEXT(ValueError, "expected a positive number of units, received units=0", layers::Dense(0));
  layers::Dense dense(2);
  CHECK_THROWS_TEXT(ValueError,
                    "[Dense] Input 0 of layer \"dense\" is incompatible with the layer: expected min_ndim=1, found "
                    "ndim=0. Full shape received: ()",
                    dense(constant(1.0)));
  (void)dense(ones({1, 3}));
  CHECK_THROWS_TEXT(ValueError,
                    "[Dense] Input 0 of layer \"dense\" is incompatible with the layer: expected axis -1 of input "
                    "shape to have value 3, but received input with shape (1, 4)",
                    dense(ones({1, 4})));
  CHECK_THROWS_TEXT(TypeError, "dtypes differ: int32 and float32", dense(ones({1, 3}, int32)));
  CHECK_THROWS_TEXT(ValueError, "unknown activation 'rleu', expected one of: linear, relu",
                    layers::Dense(1, {.activation = "rleu"}));
}

}  // namespace
}  // namespace xtape
