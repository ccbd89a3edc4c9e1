#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/conv1d.hpp"
#include "xtape/layers/conv2d.hpp"
#include "xtape/layers/conv_transpose.hpp"
#include "xtape/layers/depthwise_conv.hpp"
#include "xtape/layers/separable_conv1d.hpp"
#include "xtape/layers/separable_conv2d.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/regularizers/l1_l2.hpp"

namespace xtape {
namespace {

using layers::Conv1D, layers::Conv1DTranspose, layers::Conv2D, layers::Conv2DTranspose, layers::DepthwiseConv1D,
    layers::DepthwiseConv2D, layers::SeparableConv1D, layers::SeparableConv2D;

const testing::WrongInputs flat = {
    {{2, 10}},
    "Input 0 of layer \"the_layer\" is incompatible with the layer: expected min_ndim=4, found ndim=2. Full shape "
    "received: (2, 10)"};
const testing::WrongInputs flat_steps = {{{2, 10}}, "expected min_ndim=3, found ndim=2. Full shape received: (2, 10)"};

const testing::LayerTable convolutions_table = {
    {.layer = "Conv2D",
     .masks = testing::Masks::drops,
     .make =
         [](DType d) {
           return Conv2D(3, {2, 3}, {.strides = {1, 2}, .padding = "same", .dtype = d});
         },
     .inputs = {{.shape = {2, 4, 5, 2}}},
     .outputs = {{2, 4, 3, 3}},
     .weights = {{"kernel", {2, 3, 2, 3}}, {"bias", {3}}},
     .wrong = {flat, {{{2, 4, 5, 2, 1}}, "expected ndim=4, found ndim=5"}}},
    {.layer = "Conv2D",
     .masks = testing::Masks::drops,
     .make =
         [](DType d) {
           return Conv2D(4, 2, {.dilation_rate = 2, .groups = 2, .activation = "tanh", .use_bias = false, .dtype = d});
         },
     .inputs = {{.shape = {2, 4, 5, 2}}},
     .outputs = {{2, 2, 3, 4}},
     .weights = {{"kernel", {2, 2, 1, 4}}}},
    // The shapes of Keras's conv_test.py.
    {.layer = "Conv1D",
     .masks = testing::Masks::drops,
     .make = [](DType d) { return Conv1D(5, 2, {.activation = "relu", .dtype = d}); },
     .inputs = {{.shape = {3, 5, 4}}},
     .outputs = {{3, 4, 5}},
     .weights = {{"kernel", {2, 4, 5}}, {"bias", {5}}},
     .wrong = {flat_steps}},
    {.layer = "Conv1D",
     .masks = testing::Masks::drops,
     .make = [](DType d) { return Conv1D(6, 2, {.padding = "causal", .dilation_rate = 2, .groups = 2, .dtype = d}); },
     .inputs = {{.shape = {3, 4, 4}}},
     .outputs = {{3, 4, 6}},
     .weights = {{"kernel", {2, 2, 6}}, {"bias", {6}}}},
    {.layer = "Conv1D",
     .masks = testing::Masks::drops,
     .make = [](DType d) { return Conv1D(6, 2, {.strides = 2, .groups = 2, .use_bias = false, .dtype = d}); },
     .inputs = {{.shape = {3, 5, 4}}},
     .outputs = {{3, 2, 6}},
     .weights = {{"kernel", {2, 2, 6}}}},
    {.layer = "DepthwiseConv2D",
     .masks = testing::Masks::drops,
     .make = [](DType d) { return DepthwiseConv2D(2, {.depth_multiplier = 3, .activation = "tanh", .dtype = d}); },
     .inputs = {{.shape = {2, 3, 4, 2}}},
     .outputs = {{2, 2, 3, 6}},
     .weights = {{"kernel", {2, 2, 2, 3}}, {"bias", {6}}},
     .wrong = {flat}},
    {.layer = "DepthwiseConv1D",
     .masks = testing::Masks::drops,
     .make =
         [](DType d) {
           return DepthwiseConv1D(3, {.strides = 2, .padding = "same", .depth_multiplier = 2, .dtype = d});
         },
     .inputs = {{.shape = {2, 5, 2}}},
     .outputs = {{2, 3, 4}},
     .weights = {{"kernel", {3, 2, 2}}, {"bias", {4}}},
     .wrong = {flat_steps}},
    {.layer = "SeparableConv2D",
     .masks = testing::Masks::drops,
     .make =
         [](DType d) {
           return SeparableConv2D(5, {2, 3}, {.depth_multiplier = 2, .dtype = d});
         },
     .inputs = {{.shape = {2, 3, 4, 2}}},
     .outputs = {{2, 2, 2, 5}},
     .weights = {{"depthwise_kernel", {2, 3, 2, 2}}, {"pointwise_kernel", {1, 1, 4, 5}}, {"bias", {5}}},
     .wrong = {flat}},
    // The shapes of Keras's separable_conv_test.py.
    {.layer = "SeparableConv1D",
     .masks = testing::Masks::drops,
     .make = [](DType d) { return SeparableConv1D(6, 2, {.dilation_rate = 2, .depth_multiplier = 2, .dtype = d}); },
     .inputs = {{.shape = {2, 4, 3}}},
     .outputs = {{2, 2, 6}},
     .weights = {{"depthwise_kernel", {2, 3, 2}}, {"pointwise_kernel", {1, 6, 6}}, {"bias", {6}}},
     .wrong = {flat_steps}},
    {.layer = "SeparableConv1D",
     .masks = testing::Masks::drops,
     .make =
         [](DType d) {
           return SeparableConv1D(
               5, 3, {.strides = 2, .padding = "same", .activation = "tanh", .use_bias = false, .dtype = d});
         },
     .inputs = {{.shape = {2, 5, 4}}},
     .outputs = {{2, 3, 5}},
     .weights = {{"depthwise_kernel", {3, 4, 1}}, {"pointwise_kernel", {1, 4, 5}}}},
    {.layer = "Conv2DTranspose",
     .masks = testing::Masks::drops,
     .make =
         [](DType d) {
           return Conv2DTranspose(3, {3, 2}, {.strides = {2, 1}, .padding = "same", .dtype = d});
         },
     .inputs = {{.shape = {2, 3, 4, 2}}},
     .outputs = {{2, 6, 4, 3}},
     .weights = {{"kernel", {3, 2, 3, 2}}, {"bias", {3}}},
     .wrong = {flat}},
    {.layer = "Conv2DTranspose",
     .masks = testing::Masks::drops,
     .make =
         [](DType d) {
           return Conv2DTranspose(1, 3, {.strides = 2, .output_padding = Size2d(1, 0), .use_bias = false, .dtype = d});
         },
     .inputs = {{.shape = {1, 2, 3, 2}}},
     .outputs = {{1, 6, 7, 1}},
     .weights = {{"kernel", {3, 3, 1, 2}}}},
    {.layer = "Conv1DTranspose",
     .masks = testing::Masks::drops,
     .make = [](DType d) { return Conv1DTranspose(3, 3, {.strides = 2, .activation = "tanh", .dtype = d}); },
     .inputs = {{.shape = {2, 4, 2}}},
     .outputs = {{2, 9, 3}},
     .weights = {{"kernel", {3, 3, 2}}, {"bias", {3}}},
     .wrong = {flat_steps}},
};

TEST_CASE("convolution layers: what holds for every layer") { testing::check_layers(convolutions_table); }

/// An initializer of these numbers.
Initializer of(std::vector<double> numbers) {
  return [numbers](const Shape& shape, DType dtype) {
    const Tensor values = constant(numbers, shape);
    return dtype == float64 ? values : constant(std::vector<float>(numbers.begin(), numbers.end()), shape);
  };
}

const Tensor steps = constant({{{1.0}, {2.0}, {3.0}, {4.0}}});

TEST_CASE("Conv1D: a filter of 1 and 10, by hand") {
  const auto with = [](layers::Conv1DOptions options) {
    options.kernel_initializer = of({1, 10});
    options.bias_initializer = of({0.5});
    return Conv1D(1, 2, options)(steps);
  };
  CHECK_CLOSE(with({}), {21.5, 32.5, 43.5});
  CHECK_CLOSE(with({.padding = "same"}), {21.5, 32.5, 43.5, 4.5});
  CHECK_CLOSE(with({.padding = "causal"}), {10.5, 21.5, 32.5, 43.5});
  CHECK_CLOSE(with({.padding = "causal", .dilation_rate = 2}), {10.5, 20.5, 31.5, 42.5});
  CHECK_CLOSE(with({.strides = 2}), {21.5, 43.5});
  CHECK_CLOSE(with({.strides = 2, .padding = "causal"}), {10.5, 32.5});
  CHECK_CLOSE(with({.dilation_rate = 2, .activation = "relu"}), {31.5, 42.5});
}

TEST_CASE("convolution layers: errors of symbolic inputs show their shapes") {
  CHECK_THROWS_TEXT(
      ValueError,
      "Input 0 of layer \"conv2d\" is incompatible with the layer: expected min_ndim=4, found ndim=2. Full "
      "shape received: (None, 10)\n  in layer 'conv2d', called with an input of shape (None, 10)",
      Conv2D(3, 3)(Input({10})));
  Conv2D layer(3, 3);
  (void)layer(Input({8, 8, 1}));
  CHECK_THROWS_TEXT(ValueError,
                    "expected axis -1 of input shape to have value 1, but received input with shape (None, None, 8, 2)",
                    layer(Input({-1, 8, 2})));
}

TEST_CASE("Conv1D: what cannot be is refused") {
  CHECK_THROWS_TEXT(ValueError, "[Conv1D] unknown padding 'sam', expected one of: valid, same, causal",
                    Conv1D(1, 2, {.padding = "sam"}));
  CHECK_THROWS_TEXT(ValueError, "[Conv1D] expected a positive kernel_size, received 0", Conv1D(1, 0));
  CHECK_THROWS_TEXT(ValueError, "[Conv1D] expected a positive strides, received 0", Conv1D(1, 2, {.strides = 0}));
  Conv1D layer(1, 2);
  (void)layer(steps);
  CHECK_THROWS_TEXT(ValueError,
                    "expected axis -1 of input shape to have value 1, but received input with shape (1, 4, 2)",
                    layer(ones({1, 4, 2})));
  CHECK_THROWS_TEXT(ValueError, "Received groups=2, but the input has 3 channels (full input shape is (1, 4, 3))",
                    Conv1D(2, 2, {.groups = 2})(ones({1, 4, 3})));
}

TEST_CASE("DepthwiseConv2D: the values of TensorFlow's depthwise_conv_op_test") {
  DepthwiseConv2D layer(2, {.depth_multiplier = 2, .depthwise_initializer = [](const Shape& s, DType d) {
                              return reshape(arange(1.0, 17.0, 1.0, d), s);
                            }});
  CHECK_CLOSE(layer(reshape(arange(1.0, 13.0), {1, 2, 3, 2})), {196, 216, 272, 296, 252, 280, 344, 376});
}

TEST_CASE("DepthwiseConv: of sequences, by hand; strides and dilations together") {
  // Two channels: 1 2 3 and 10 20 30; their filters 1 1 and 1 -1.
  const Tensor x = constant({{{1.0, 10.0}, {2.0, 20.0}, {3.0, 30.0}}});
  DepthwiseConv1D layer(2, {.depthwise_initializer = of({1, 1, 1, -1}), .bias_initializer = of({0, 100})});
  CHECK_CLOSE(layer(x), {3, 90, 5, 90});
  CHECK_THROWS_TEXT(ValueError,
                    "`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: strides=(2, 1) and "
                    "dilation_rate=(1, 2)",
                    DepthwiseConv2D(2, {.strides = {2, 1}, .dilation_rate = {1, 2}}));
  CHECK_THROWS_TEXT(ValueError, "[DepthwiseConv2D] expected a positive depth_multiplier, received 0",
                    DepthwiseConv2D(2, {.depth_multiplier = 0}));
}

TEST_CASE("SeparableConv2D: sums of windows, mixed by a matrix") {
  // Depthwise: the sums of the 2x2 windows of each channel, 1 + 2 + 3 + 4 = 10 and 5 + 6 + 7 + 8 = 26.
  const Tensor x = constant({{{{1.0, 5.0}, {2.0, 6.0}}, {{3.0, 7.0}, {4.0, 8.0}}}});
  SeparableConv2D layer(3, 2,
                        {.depthwise_initializer = "ones",
                         .pointwise_initializer = of({1, 2, 0, 1, 0, -1}),
                         .bias_initializer = of({0, 0, 1})});
  CHECK_CLOSE(layer(x), {36, 20, -25});
}

TEST_CASE("SeparableConv1D: sums of windows, mixed by a matrix") {
  // The sums of two steps: 1 + 2, 2 + 3 and 10 + 20, 20 + 30.
  const Tensor x = constant({{{1.0, 10.0}, {2.0, 20.0}, {3.0, 30.0}}});
  const auto with = [](layers::SeparableConv1DOptions options) {
    options.depthwise_initializer = "ones";
    options.pointwise_initializer = of({1, 2, 0, 1, 0, -1});
    options.bias_initializer = of({0, 0, 1});
    return SeparableConv1D(3, 2, options);
  };
  CHECK_CLOSE(with({})(x), {33, 6, -29, 55, 10, -49});
  CHECK_CLOSE(with({.activation = "relu"})(x), {33, 6, 0, 55, 10, 0});
  CHECK_CLOSE(with({.strides = 2, .padding = "same"})(x), {33, 6, -29, 33, 6, -29});
  CHECK_CLOSE(with({.dilation_rate = 2})(x), {44, 8, -39});
  CHECK_THROWS_TEXT(ValueError, "[SeparableConv1D] expected a positive depth_multiplier, received 0",
                    SeparableConv1D(1, 2, {.depth_multiplier = 0}));
  SeparableConv1D layer(1, 2);
  (void)layer(x);
  CHECK_THROWS_TEXT(ValueError, "expected axis -1 of input shape to have value 2", layer(ones({1, 4, 3})));
}

TEST_CASE("Conv1DTranspose: what each input spreads, by hand") {
  const auto with = [](layers::Conv1DTransposeOptions options) {
    options.kernel_initializer = of({1, 10, 100});
    return Conv1DTranspose(1, 3, options)(constant({{{1.0}, {2.0}}}));
  };
  CHECK_CLOSE(with({}), {1, 12, 120, 200});
  CHECK_CLOSE(with({.strides = 2}), {1, 10, 102, 20, 200});
  CHECK_CLOSE(with({.strides = 2, .padding = "same"}), {1, 10, 102, 20});
  CHECK_CLOSE(with({.strides = 2, .padding = "same", .output_padding = 0}), {10, 102, 20});
  CHECK_CLOSE(with({.strides = 2, .padding = "same", .output_padding = 1}), {1, 10, 102, 20});
  CHECK_CLOSE(with({.strides = 2, .output_padding = 1}), {1, 10, 102, 20, 200, 0});
  CHECK_CLOSE(with({.strides = 4, .use_bias = false}), {1, 10, 100, 0, 2, 20, 200, 0});
  CHECK_CLOSE(with({.dilation_rate = 2}), {1, 2, 10, 20, 100, 200});
  CHECK_THROWS_TEXT(ValueError,
                    "Strides must be greater than output padding. Received strides=(1, 2), output_padding=(0, 2)",
                    Conv1DTranspose(1, 3, {.strides = 2, .output_padding = 2}));
}

TEST_CASE("Conv2DTranspose: TensorFlow's conv2d_transpose_test") {
  Conv2DTranspose layer(2, 3, {.padding = "same", .kernel_initializer = "ones"});
  const Tensor y = layer(ones({2, 6, 4, 3}));
  for (std::int64_t h = 0; h < 6; ++h) {
    for (std::int64_t w = 0; w < 4; ++w) {
      const double rows = h == 0 || h == 5 ? 2 : 3, columns = w == 0 || w == 3 ? 2 : 3;
      CHECK_CLOSE(slice(y, {0, h, w, 0}, {2, 1, 1, 2}), std::vector<double>(4, 3 * rows * columns));
    }
  }
}

TEST_CASE("Conv2DTranspose: TensorFlow's test with strides") {
  Conv2DTranspose layer(2, 3, {.strides = 2, .padding = "same", .kernel_initializer = "ones"});
  const Tensor y = layer(ones({2, 6, 4, 3}));
  REQUIRE(y.shape() == Shape{2, 12, 8, 2});
  for (std::int64_t h = 0; h < 12; ++h) {
    for (std::int64_t w = 0; w < 8; ++w) {
      const bool h_in = h % 2 == 0 && h > 0 && h < 11, w_in = w % 2 == 0 && w > 0 && w < 7;
      const double target = 3.0 + (h_in && w_in ? 9 : h_in || w_in ? 3 : 0);
      CHECK_CLOSE(slice(y, {0, h, w, 0}, {2, 1, 1, 2}), std::vector<double>(4, target));
    }
  }
}

TEST_CASE("convolution layers: regularizers and constraints") {
  Conv2D layer(2, 1,
               {.kernel_initializer = of({3, -4}),
                .bias_initializer = "ones",
                .kernel_regularizer = regularizers::L2{.l2 = 0.1},
                .bias_regularizer = "l1",
                .activity_regularizer = regularizers::L1{.l1 = 0.5},
                .kernel_constraint = "non_neg"});
  (void)layer(ones({2, 1, 1, 1}));
  const auto losses = layer.losses();
  REQUIRE(losses.size() == 3);  // the activity's is a mean over the batch, as in Keras
  CHECK(losses[0].item() == doctest::Approx(0.5 * (4 + 3)));
  CHECK(losses[1].item() == doctest::Approx(0.1 * 25));
  CHECK(losses[2].item() == doctest::Approx(0.01 * 2));
  CHECK_CLOSE(layer.kernel().constraint()(layer.kernel()), {3.0, 0.0});
  CHECK_FALSE(static_cast<bool>(layer.bias().constraint()));
}

}  // namespace
}  // namespace xtape
