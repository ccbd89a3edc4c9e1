#include "xtape/layers/conv2d.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

const Tensor image = reshape(arange(1.0, 19.0), {1, 2, 3, 3});

/// The kernel and the image count from 1, as in TensorFlow's conv_ops_test.
layers::Conv2D counting(ActivationFunction activation = {}, double bias = 0) {
  return layers::Conv2D(3, 2,
                        {.activation = std::move(activation),
                         .kernel_initializer =
                             [](const Shape& s, DType d) {
                               CHECK(s == Shape{2, 2, 3, 3});
                               return reshape(arange(1.0, 37.0, 1.0, d), s);
                             },
                         .bias_initializer = [bias](const Shape& s, DType d) { return full(s, bias, d); }});
}

TEST_CASE("Conv2D: activation(conv2d(x, kernel) + bias), TensorFlow's values") {
  CHECK_CLOSE(counting()(image), {2271, 2367, 2463, 2901, 3033, 3165});
  CHECK_CLOSE(counting({}, 0.5)(image), {2271.5, 2367.5, 2463.5, 2901.5, 3033.5, 3165.5});
  CHECK_CLOSE(counting("relu", -2901)(image), {0, 0, 0, 0, 132, 264});
  CHECK_CLOSE(counting("tanh", -2901.0)(image), {-1, -1, -1, 0, 1, 1});
}

TEST_CASE("Conv2D: strides, padding, dilations and groups") {
  const auto shape = [](layers::Conv2D layer) { return layer(ones({2, 8, 9, 4})).shape(); };
  CHECK(shape(layers::Conv2D(6, 3)) == Shape{2, 6, 7, 6});
  CHECK(shape(layers::Conv2D(6, {3, 2}, {.strides = {2, 1}, .padding = "same"})) == Shape{2, 4, 9, 6});
  CHECK(shape(layers::Conv2D(6, 3, {.dilation_rate = 2})) == Shape{2, 4, 5, 6});
  layers::Conv2D grouped(6, 3, {.groups = 2});
  CHECK(grouped(ones({2, 8, 9, 4})).shape() == Shape{2, 6, 7, 6});
  CHECK(grouped.kernel().shape() == Shape{3, 3, 2, 6});
  CHECK(grouped(ones({0, 8, 9, 4})).shape() == Shape{0, 6, 7, 6});
}

TEST_CASE("Conv2D: weights, their shapes and defaults") {
  layers::Conv2D layer(7, {5, 3});
  (void)layer(ones({1, 6, 6, 2}));
  CHECK(layer.kernel().shape() == Shape{5, 3, 2, 7});
  CHECK_TENSOR_EQ(layer.bias().peek(), zeros({7}));
  const double limit = std::sqrt(6.0 / (15 * (2 + 7)));  // glorot_uniform
  CHECK(reduce_max(abs(layer.kernel())).item() <= limit);
  CHECK(reduce_max(abs(layer.kernel())).item() > 0.8 * limit);
  CHECK(layer.name() == "conv2d");
  layers::Conv2D plain(7, 3, {.use_bias = false});
  (void)plain(ones({1, 6, 6, 2}));
  CHECK(plain.variables().size() == 1);
}

TEST_CASE("Conv2D: gradients of its weights are those of the ops") {
  layers::Conv2D layer(3, 2, {.padding = "same", .activation = "relu", .dtype = float64});
  const Tensor x = reshape(linspace(-1, 1, 18, float64), {1, 3, 3, 2});
  GradientTape tape;
  const Tensor y = layer(x);
  const auto gradients = tape.gradient(reduce_sum(y), layer.trainable_variables());
  const Tensor dy = cast(y > 0, float64);
  CHECK_CLOSE(gradients[0], nn::conv2d_backprop_filter(x, {2, 2, 2, 3}, dy, {.padding = "same"}), 1e-13, 1e-13);
  CHECK_CLOSE(gradients[1], reduce_sum(dy, {0, 1, 2}), 1e-13);
}

TEST_CASE("Conv2D: what cannot be is refused with what was received") {
  CHECK_THROWS_TEXT(ValueError,
                    "[Conv2D] expected a positive number of filters, a multiple of groups=2: received filters=3",
                    layers::Conv2D(3, 3, {.groups = 2}));
  CHECK_THROWS_TEXT(ValueError, "a multiple of groups=1: received filters=0", layers::Conv2D(0, 3));
  CHECK_THROWS_TEXT(ValueError, "[Conv2D] expected a positive number of groups, received groups=0",
                    layers::Conv2D(3, 3, {.groups = 0}));
  CHECK_THROWS_TEXT(ValueError, "[Conv2D] expected a positive kernel_size, received (3, 0)", layers::Conv2D(3, {3, 0}));
  CHECK_THROWS_TEXT(ValueError, "[Conv2D] expected a positive strides, received (0, 0)",
                    layers::Conv2D(3, 3, {.strides = 0}));
  CHECK_THROWS_TEXT(ValueError,
                    "[Conv2D] Input 0 of layer \"conv2d\" is incompatible with the layer: expected min_ndim=4, found "
                    "ndim=2. Full shape received: (4, 4)",
                    layers::Conv2D(3, 3)(ones({4, 4})));
  CHECK_THROWS_TEXT(ValueError,
                    "[Conv2D] The number of input channels must be evenly divisible by the number of groups. Received "
                    "groups=3, but the input has 4 channels (full input shape is (1, 4, 4, 4))",
                    layers::Conv2D(3, 3, {.groups = 3})(ones({1, 4, 4, 4})));
  layers::Conv2D layer(2, 3);
  (void)layer(ones({1, 4, 4, 3}));
  CHECK_THROWS_TEXT(ValueError,
                    "[Conv2D] Input 0 of layer \"conv2d\" is incompatible with the layer: expected axis -1 of input "
                    "shape to have value 3, but received input with shape (1, 4, 4, 2)",
                    layer(ones({1, 4, 4, 2})));
  CHECK_THROWS_TEXT(ValueError, "a window that spans 3 does not fit into the input's height of 2",
                    layer(ones({1, 2, 4, 3})));
}

}  // namespace
}  // namespace xtape
