#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/layers/activation.hpp"
#include "xtape/layers/conv2d.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/flatten.hpp"
#include "xtape/layers/merging.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/sgd.hpp"
#include "xtape/optimizers/zip.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

using layers::Conv2D;
using layers::Dense;
using layers::Flatten;

Model network() {
  const auto image = Input({6, 6, 1}, {.name = "image"});
  auto x = Conv2D(4, {3, 3}, {.activation = "relu", .name = "conv"})(image);
  x = Dense(5, {.activation = "tanh", .name = "hidden"})(Flatten()(x));
  return {image, Dense(3, {.name = "head"})(x)};
}

Tensor images() {
  random::Generator generator(5);
  return generator.normal({2, 6, 6, 1});
}

TEST_CASE("inner layers: a model of a part of another shares its layers") {
  Model model = network();
  CHECK(model.input().name() == "image");
  CHECK(model.output() == model.get_layer("head").output());
  CHECK(model.get_layer("hidden").output() == model.get_layer("head").input());
  CHECK(model.get_layer("image").input() == model.input());
  Model features(model.input(), model.get_layer("hidden").output());
  const Tensor x = images(), hidden = features(x);
  CHECK(hidden.shape() == Shape{2, 5});
  CHECK(features.variables().size() == 4);
  CHECK(features.get_layer("conv").variables()[0].is_same(model.get_layer("conv").variables()[0]));
  // From the middle to the end.
  Model rest(model.get_layer("head").input(), model.output());
  CHECK_SAME_BITS(rest(hidden), model(x));
}

TEST_CASE("inner layers: the gradient of a score for a layer's output, of Grad-CAM, in closed form") {
  // Without an activation the score is linear in the convolution's output: its gradient is the column of the kernel.
  const auto image = Input({4, 4, 1});
  const auto maps = Conv2D(2, {2, 2}, {.name = "conv"})(image);
  Model model(image, Dense(3, {.name = "head"})(Flatten()(maps)));
  Model both(model.inputs(), {model.get_layer("conv").output(), model.output()});
  GradientTape tape;
  const TensorList outputs = both.outputs(ones({1, 4, 4, 1}));
  const Tensor score = index(outputs[1], {0, 2});
  const Tensor gradient = tape.gradient(score, outputs[0]);
  const Tensor column = index(model.get_layer<Dense>("head").kernel(), {all, 2});
  CHECK_SAME_BITS(reshape(gradient, {18}), column);
}

TEST_CASE("inner layers: a new head on frozen features learns alone") {
  Model model = network();
  Model features(model.input(), model.get_layer("hidden").output());
  features.set_trainable(false);
  Model other(model.input(), Dense(1, {.name = "new_head"})(features.output()));
  REQUIRE(other.trainable_variables().size() == 2);
  const std::vector<Tensor> before = model.get_weights();
  const Tensor x = images();
  optimizers::SGD optimizer({.learning_rate = 0.1});
  double first = 0, last = 0;
  for (int step = 0; step < 20; ++step) {
    GradientTape tape;
    const Tensor loss = reduce_mean(square(other(x) - 1));
    (step == 0 ? first : last) = loss.item();
    optimizer.apply_gradients(zip(tape.gradient(loss, other.trainable_variables()), other.trainable_variables()));
  }
  CHECK(last < 0.1 * first);
  const std::vector<Tensor> after = model.get_weights();
  for (std::size_t i = 0; i < before.size(); ++i) CHECK_SAME_BITS(after[i], before[i]);
}

TEST_CASE("inner layers: get_layer by class") {
  Model model = network();
  const Dense head = model.get_layer<Dense>("head");
  CHECK(head.kernel().is_same(model.get_layer("head").variables()[0]));
  CHECK_THROWS_TEXT(TypeError, "[Model.get_layer] layer 'conv' is a Conv2D, not a Dense",
                    model.get_layer<Dense>("conv"));
  CHECK_THROWS_TEXT(ValueError, "no such layer: tail", model.get_layer<Dense>("tail"));
  // Of a model that stands for one of another class.
  Model stands = Sequential(Input({2}), Dense(3, {.name = "only"}));
  CHECK(stands.get_layer<Dense>("only").kernel().shape() == Shape{2, 3});
}

TEST_CASE("inner layers: a layer that was called never or twice has no only output") {
  Dense shared(3, {.name = "shared"});
  CHECK_THROWS_TEXT(RuntimeError,
                    "[Layer.output] expected one call of the layer 'shared' with symbolic tensors that is in use, "
                    "there are 0",
                    shared.output());
  const auto x = Input({3});
  const auto once = shared(x);
  CHECK(shared.output() == once);
  CHECK(shared.input() == x);
  const auto twice = shared(once);
  CHECK_THROWS_TEXT(RuntimeError, "there are 2: take what they have returned", shared.input());
  (void)Dense(4).compute_output_shape({-1, 3});  // is no call in use
  const auto sum = layers::Add();
  layers::Add add;
  (void)add(SymbolicList{x, once});
  CHECK_THROWS_AS(add.output(), RuntimeError);  // nobody holds its result
  const auto y = add(SymbolicList{x, once});
  CHECK(add.inputs() == SymbolicList{x, once});
  CHECK_THROWS_TEXT(ValueError, "expected one symbolic tensor, received 2", add.input());
}

TEST_CASE("inner layers: of a clone they are the clone's") {
  Model model = network();
  Model copy = clone_model(model);
  Model features(copy.input(), copy.get_layer("hidden").output());
  const Tensor x = images();
  (void)copy(x);
  copy.set_weights(model.get_weights());
  CHECK(features.variables()[0].is_same(copy.variables()[0]));
  CHECK_FALSE(features.variables()[0].is_same(model.variables()[0]));
  CHECK_SAME_BITS(features(x), Model(model.input(), model.get_layer("hidden").output())(x));
  // A clone of a part that begins in the middle.
  Model rest(model.get_layer("head").input(), model.output()), rest_copy = clone_model(rest);
  CHECK(rest_copy.input().shape() == Shape{-1, 5});
  (void)rest_copy(ones({1, 5}));
  rest_copy.set_weights(rest.get_weights());
  CHECK_SAME_BITS(Model(rest_copy.input(), rest_copy.output())(ones({1, 5})), rest(ones({1, 5})));
}

TEST_CASE("inner layers: of a Sequential with an Input") {
  Sequential model{Input({6}), Dense(4, {.name = "first"}), Dense(2, {.name = "second"})};
  Model features(model.input(), model.get_layer("first").output());
  const Tensor x = ones({3, 6});
  CHECK_SAME_BITS(model.layer(1)(features(x)), model(x));
  CHECK(model.output().shape() == Shape{-1, 2});
  Sequential copy = clone_model(model);
  (void)copy(x);
  copy.set_weights(model.get_weights());
  CHECK_SAME_BITS(Model(copy.input(), copy.get_layer("first").output())(x), features(x));
  CHECK_THROWS_AS(Sequential(Dense(3)).output(), RuntimeError);
  // In a model by value, and added to later.
  Model stands = model;
  model.add(Dense(1));
  CHECK(stands.output().shape() == Shape{-1, 1});
}

TEST_CASE("inner layers: a model that is a layer has its own ends") {
  Model inner = network();
  const auto x = Input({6, 6, 1});
  Model outer(x, inner(x) * 2);
  CHECK(outer.get_layer(inner.name()).output() == inner.output());
  CHECK(outer.output().name() == "multiply");
}

}  // namespace
}  // namespace xtape
