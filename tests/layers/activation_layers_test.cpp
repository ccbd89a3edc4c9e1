#include <cmath>

#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/initializers/constant.hpp"
#include "xtape/layers/activations.hpp"
#include "xtape/layers/identity.hpp"
#include "xtape/layers/lambda.hpp"
#include "xtape/layers/layer_scale.hpp"
#include "xtape/layers/prelu.hpp"
#include "xtape/layers/rescaling.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape {
namespace {

using layers::ELU, layers::Identity, layers::Lambda, layers::LayerScale, layers::LeakyReLU, layers::PReLU, layers::ReLU,
    layers::Rescaling, layers::Softmax;

const testing::LayerTable activation_layers_table = {
    {.layer = "ReLU",
     .masks = testing::Masks::passes,
     .make = [](DType) { return ReLU({.max_value = 1.5, .negative_slope = 0.1, .threshold = 0.55}); },
     .inputs = {{.shape = {3, 4}}},
     .outputs = {{3, 4}}},
    {.layer = "LeakyReLU",
     .masks = testing::Masks::passes,
     .make = [](DType) { return LeakyReLU(); },
     .inputs = {{.shape = {3, 4}}},
     .outputs = {{3, 4}}},
    {.layer = "ELU",
     .masks = testing::Masks::passes,
     .make = [](DType) { return ELU(0.5); },
     .inputs = {{.shape = {3, 4}}},
     .outputs = {{3, 4}}},
    {.layer = "Softmax",
     .masks = testing::Masks::passes,
     .make = [](DType) { return Softmax(); },
     .inputs = {{.shape = {3, 4}}},
     .outputs = {{3, 4}},
     .wrong = {{{{}}, "Axis -1 is out of bounds"}}},
    {.layer = "Softmax",
     .masks = testing::Masks::uses_and_passes,
     .make =
         [](DType) {
           return Softmax({1, -1});
         },
     .inputs = {{.shape = {3, 2, 4}}},
     .outputs = {{3, 2, 4}},
     .wrong = {{{{3}}, "Axis 1 is out of bounds for layer \"the_layer\""}}},
    {.layer = "PReLU",
     .masks = testing::Masks::passes,
     .make = [](DType d) { return PReLU({.dtype = d}); },
     .inputs = {{.shape = {2, 3, 4}}},
     .outputs = {{2, 3, 4}},
     .weights = {{"alpha", {3, 4}}},
     .wrong = {{{{}}, "expected min_ndim=1"}}},
    {.layer = "PReLU",
     .masks = testing::Masks::passes,
     .make =
         [](DType d) {
           return PReLU({.shared_axes = {1, 2}, .dtype = d});
         },
     .inputs = {{.shape = {2, 3, 2, 4}}},
     .outputs = {{2, 3, 2, 4}},
     .weights = {{"alpha", {1, 1, 4}}},
     .wrong = {{{{2, 3}}, "expected shared_axes from 1 to 1, received 2 for input shape (2, 3)"}}},
    {.layer = "Identity",
     .masks = testing::Masks::passes,
     .make = [](DType) { return Identity(); },
     .inputs = {{.shape = {3, 4}}, {.shape = {3, 1}}},
     .outputs = {{3, 4}, {3, 1}}},
    {.layer = "Rescaling",
     .masks = testing::Masks::passes,
     .make = [](DType d) { return Rescaling(0.5, {.offset = -1, .dtype = d}); },
     .inputs = {{.shape = {3, 4}}},
     .outputs = {{3, 4}}},
    {.layer = "Rescaling",
     .masks = testing::Masks::passes,
     .make =
         [](DType d) {
           return Rescaling({0.5, 1, 2}, {.offset = {1, 2, 3}, .dtype = d});
         },
     .inputs = {{.shape = {2, 3}}},
     .outputs = {{2, 3}}},
    {.layer = "LayerScale",
     .masks = testing::Masks::passes,
     .make = [](DType d) { return LayerScale(0.5, 3, {.dtype = d}); },
     .inputs = {{.shape = {2, 3}}},
     .outputs = {{2, 3}},
     .weights = {{"gamma", {3}}},
     .wrong = {{{{2, 4}}, "expected an input whose last axis has size 3, received shape (2, 4)"}}},
    {.layer = "Lambda",
     .masks = testing::Masks::drops,
     .make = [](DType) { return Lambda([](const Tensor& x) { return square(x); }); },
     .inputs = {{.shape = {3, 4}}},
     .outputs = {{3, 4}},
     .wrong = {{{{3, 4}, {3, 4}}, "expected 1 input for a function of one tensor, received 2"}}},
    {.layer = "Lambda",
     .masks = testing::Masks::drops,
     .make = [](DType) { return Lambda([](const TensorList& in) {
                           return TensorList{in[0] * in[1], in[0]};
                         }); },
     .inputs = {{.shape = {3, 4}}, {.shape = {3, 1}}},
     .outputs = {{3, 4}, {3, 4}}},
};

TEST_CASE("activation layers: what holds for every layer") { testing::check_layers(activation_layers_table); }

const Tensor x = constant({-10.0, -5.0, 0.0, 5.0, 10.0});

TEST_CASE("ReLU, LeakyReLU, ELU: the examples of Keras's docs, and the definition") {
  CHECK_CLOSE(ReLU({.max_value = 10, .negative_slope = 0.5, .threshold = 0})(x), {-5, -2.5, 0, 5, 10});
  CHECK_CLOSE(ReLU()(x), {0, 0, 0, 5, 10});
  CHECK_CLOSE(ReLU({.max_value = 6})(x), {0, 0, 0, 5, 6});
  CHECK_CLOSE(ReLU({.threshold = 5})(x), {0, 0, 0, 0, 10});  // x only above the threshold, as Keras's tests have it
  CHECK_CLOSE(ReLU({.negative_slope = 0.5, .threshold = 6})(x), {-8, -5.5, -3, -0.5, 10});
  CHECK_CLOSE(LeakyReLU(0.5)(x), {-5, -2.5, 0, 5, 10});
  CHECK_CLOSE(LeakyReLU()(x), {-3, -1.5, 0, 5, 10});
  CHECK_CLOSE(ELU()(x), {std::expm1(-10), std::expm1(-5), 0, 5, 10});
  CHECK_CLOSE(ELU(2)(x), {2 * std::expm1(-10), 2 * std::expm1(-5), 0, 5, 10});
  const Tensor extremes = constant<double>({-INFINITY, INFINITY, NAN});
  CHECK_CLOSE(ReLU({.threshold = 1})(constant<double>({-3.0, NAN})), {0, NAN});
  CHECK_CLOSE(ReLU({.max_value = 2})(extremes), {0, 2, NAN});
  CHECK_CLOSE(ReLU({.threshold = 1})(extremes), {0, INFINITY, NAN});
  CHECK_CLOSE(ReLU({.max_value = 7, .negative_slope = 0.5, .threshold = 5})(x), {-7.5, -5, -2.5, 0, 7});
}

TEST_CASE("Softmax: the example of Keras's docs; several axes") {
  CHECK_CLOSE(Softmax()(constant({1.0, 2.0, 1.0})), {0.21194157, 0.5761169, 0.21194157}, 1e-6);
  const double total = std::exp(1) + std::exp(2) + std::exp(3) + std::exp(4);
  CHECK_CLOSE(Softmax({1, 2})(constant({{{1.0, 2.0}, {3.0, 4.0}}})),
              {std::exp(1) / total, std::exp(2) / total, std::exp(3) / total, std::exp(4) / total}, 1e-6);
  CHECK_CLOSE(Softmax(0)(constant({{0.0, 7.0}, {0.0, 7.0}})), {0.5, 0.5, 0.5, 0.5});
}

TEST_CASE("PReLU: its slope, shared and not") {
  PReLU layer({.alpha_initializer = initializers::Constant(0.25)});
  CHECK_CLOSE(layer(constant({{-4.0, 2.0, 0.0}})), {-1, 2, 0});
  CHECK(layer.alpha().name() == "p_re_lu/alpha");
  PReLU zero;
  CHECK_CLOSE(zero(constant({{-4.0, 2.0}})), {0, 2});
  CHECK_THROWS_TEXT(ValueError, "expected axis 1 of input shape to have value 2, but received input with shape (1, 3)",
                    zero(ones({1, 3})));
}

TEST_CASE("Rescaling: bytes of images") {
  const Tensor bytes = constant({{0, 51, 255}}, uint8);
  CHECK_CLOSE(Rescaling(1 / 255.0)(bytes), {0, 0.2, 1});
  CHECK_CLOSE(Rescaling(1 / 127.5, {.offset = -1})(bytes), {-1, -0.6, 1}, 1e-6);
}

TEST_CASE("Rescaling: a number for each color") {
  const Tensor image = constant({{{1.0, 2.0, 4.0}}});
  CHECK_CLOSE(Rescaling({2, 3, 0.5})(image), {2, 6, 2});
  CHECK_CLOSE(Rescaling(2, {.offset = {1, 0, -1}})(image), {3, 4, 7});
  const Rescaling layer({2, 3}, {.offset = {0, 1}});
  CHECK(layer.config()["scale"] == ConfigValue(std::vector<double>{2, 3}));
  AnyLayer again = AnyLayer::from_config(layer.config());
  CHECK_CLOSE((*again)(constant({{1.0, 1.0}})), {2, 4});
  CHECK_THROWS_TEXT(ValueError, "[Rescaling] expected a number or a list of numbers, received an empty list",
                    Rescaling(std::vector<double>()));
}

TEST_CASE("LayerScale: its factors, errors, and Keras's name for it") {
  LayerScale layer(0.25, 2);
  CHECK_CLOSE(layer(constant({{4.0, 8.0}})), {1, 2});
  Variable(layer.gamma()).assign(constant({1.0, -1.0}));
  CHECK_CLOSE(layer(constant({{4.0, 8.0}})), {4, -8});
  CHECK(layer.gamma().name() == "layer_scale/gamma");
  CHECK(layer.config().module() == "keras.src.applications.convnext");
  CHECK_THROWS_TEXT(ValueError, "[LayerScale] expected projection_dim >= 1, received 0", LayerScale(1, 0));
  CHECK_THROWS_TEXT(ValueError, "expected an input whose last axis has size 2, received shape (1,)", layer(ones({1})));
}

TEST_CASE("Lambda: of functions, overloaded functions, and generic callables") {
  CHECK_CLOSE(Lambda(square)(constant({3.0})), {9});
  CHECK_CLOSE(Lambda(nn::softmax)(constant({0.0, 0.0})), {0.5, 0.5});
  CHECK_CLOSE(Lambda([](const auto& t) { return reduce_sum(t) + t.shape().rank(); })(ones({2, 2})), {6});
  const std::function<Tensor(const TensorList&)> product = [](const TensorList& in) { return in[0] * in[1]; };
  const Tensor y = Lambda(product)({constant({2.0}), constant({5.0})});
  CHECK_CLOSE(y, {10});
  auto in = Input({3});
  CHECK(Lambda([](const Tensor& t) { return reduce_sum(t, -1); }, {.name = "total"})(in).shape() == Shape{-1});
  CHECK_THROWS_TEXT(ValueError, "[Lambda] the function is empty", Lambda(std::function<Tensor(const Tensor&)>()));
  CHECK_THROWS_TEXT(ValueError, "[Lambda] the function is empty", Lambda(std::function<Tensor(const TensorList&)>()));
}

TEST_CASE("activation layers: negative numbers are refused") {
  CHECK_THROWS_TEXT(ValueError, "max_value of a ReLU layer cannot be a negative value. Received: max_value=-10",
                    ReLU({.max_value = -10}));
  CHECK_THROWS_TEXT(ValueError,
                    "negative_slope of a ReLU layer cannot be a negative value. Received: negative_slope=-1",
                    ReLU({.negative_slope = -1}));
  CHECK_THROWS_TEXT(ValueError, "threshold of a ReLU layer cannot be a negative value. Received: threshold=-3",
                    ReLU({.threshold = -3}));
  CHECK_THROWS_TEXT(ValueError, "Leaky ReLU layer cannot be a negative value. Received: negative_slope=-1",
                    LeakyReLU(-1));
}

}  // namespace
}  // namespace xtape
