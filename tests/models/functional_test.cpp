#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/conv2d.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/flatten.hpp"
#include "xtape/layers/global_pooling.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

using layers::Dense;
using layers::Flatten;

TEST_CASE("functional: the model computes what its layers do, one after the other") {
  auto inputs = Input({4, 2});
  CHECK(inputs.str() == "<SymbolicTensor shape=(None, 4, 2), dtype=float32, name=input_layer>");
  Dense hidden(5, {.activation = "tanh"});
  auto outputs = Dense(3)(hidden(Flatten()(inputs)));
  CHECK(outputs.shape() == Shape{-1, 3});
  Model model(inputs, outputs);
  CHECK(model.count_params() == 8 * 5 + 5 + 5 * 3 + 3);
  CHECK(model.variables()[0].name() == "functional/dense/kernel");
  CHECK(model.variables()[2].name() == "functional/dense_1/kernel");
  const Tensor x = linspace(-1.0F, 1.0F, 24);
  const Tensor images = reshape(x, {3, 4, 2});
  const auto w = model.get_weights();
  const Tensor expected = matmul(tanh(matmul(reshape(x, {3, 8}), w[0]) + w[1]), w[2]) + w[3];
  CHECK_CLOSE(model(images), expected.to_vector<float>(), 1e-5);
  CHECK(model.predict(images).shape() == Shape{3, 3});
}

TEST_CASE("functional: two inputs, two outputs, a layer used twice and arithmetic between them") {
  auto a = Input({3}, {.name = "a"}), b = Input({3}, {.name = "b"});
  Dense shared(2, {.use_bias = false, .kernel_initializer = "ones"});
  auto sum = shared(a) + shared(b) * 2;
  auto difference = 1 - (shared(a) - shared(b)) / 2;
  Model model({a, b}, {sum, difference});
  REQUIRE(model.variables().size() == 1);
  const TensorList outputs = model({constant({{1.0, 2.0, 3.0}}), constant({{0.0, 1.0, 1.0}})});
  REQUIRE(outputs.size() == 2);
  CHECK_CLOSE(outputs[0], {10.0, 10.0});
  CHECK_CLOSE(outputs[1], {-1.0, -1.0});

  GradientTape tape;
  const Tensor y = model({constant({{1.0, 2.0, 3.0}}), constant({{0.0, 1.0, 1.0}})})[0];
  CHECK_CLOSE(tape.gradient(y, shared.kernel()), {1.0, 1.0, 4.0, 4.0, 5.0, 5.0});
}

TEST_CASE("functional: models nest, in the functional style and in subclasses") {
  auto x = Input({2});
  Model inner(x, Dense(3, {.kernel_initializer = "ones"})(x), "encoder");
  auto z = Input({2});
  Model outer(z, inner(z) + inner(z));
  CHECK(outer.variables().size() == 2);
  CHECK(outer.variables()[0].name() == "functional/encoder/dense/kernel");
  CHECK_CLOSE(outer(ones({1, 2})), {4.0, 4.0, 4.0});

  struct MLP : Model {
    Dense head = track(Dense(1, {.kernel_initializer = "ones"}));
    Tensor call(const Tensor& t) override { return head(t); }
  };
  MLP mlp;
  auto w = Input({3});
  Model wrapped(w, mlp(w));
  CHECK_CLOSE(wrapped(ones({1, 3})), {3.0});

  Sequential stack{Dense(2), wrapped};
  auto v = Input({5});
  CHECK_THROWS_TEXT(ValueError, "expected shape=(None, 3), found shape=(2, 2)", stack(v));
}

TEST_CASE("functional: models and inputs without names can be combined") {
  const auto doubled = [] {
    const auto x = Input({2});
    return Model(x, Dense(2, {.use_bias = false, .kernel_initializer = "identity"})(x) * 2);
  };
  const Model first = doubled(), second = doubled();
  CHECK(first.name() == "functional");
  const auto a = Input({2}), b = Input({2});
  const auto of_a = Model(first)(a);  // one after the other: the names are in the order of the calls
  Model both({a, b}, of_a + Model(second)(b));
  CHECK(first.name() == "functional");
  CHECK(second.name() == "functional_1");
  CHECK(a.name() == "input_layer");
  CHECK(b.name() == "input_layer_1");
  CHECK(both.summary_text().find("input_layer_1 (InputLayer)") != std::string::npos);
  CHECK(both.variables()[0].name() == "functional/functional/dense/kernel");
  CHECK(both.variables()[1].name() == "functional/functional_1/dense/kernel");
  CHECK_CLOSE(both({constant({{1.0F, 2.0F}}), constant({{3.0F, 5.0F}})}).only(), {8.0, 14.0});

  Sequential stack{doubled(), doubled(), doubled()};
  CHECK_CLOSE(stack(constant({{1.0F, 2.0F}})), {8.0, 16.0});
  CHECK(stack.layer(2).name() == "functional_2");
  struct Pair : Model {
    Model left, right;
    Pair(const Model& l, const Model& r) : left(track(l)), right(track(r)) {}
    Tensor call(const Tensor& x) override { return left(x) + right(x); }
  };
  CHECK_CLOSE(Pair(doubled(), doubled())(constant({{1.0F, 2.0F}})), {4.0, 8.0});
  // Names that were given must be unique.
  const auto named = [] {
    const auto x = Input({2});
    return Model(x, x * 2, "mine");
  };
  CHECK_THROWS_TEXT(ValueError, "there is a layer 'mine' already", Sequential(named(), named()));
}

TEST_CASE("models: a layer cannot be a part of itself") {
  Sequential model(Dense(2));
  CHECK_THROWS_TEXT(ValueError, "layer 'sequential' cannot be a part of 'sequential': it is the same layer",
                    model.add(model));
  CHECK(model.size() == 1);
  Sequential outer(Sequential(Flatten(), model));
  CHECK_THROWS_TEXT(ValueError, "layer 'sequential' cannot be a part of 'sequential': that is a part of it already",
                    model.add(outer));
  const auto x = Input({2});
  Model graph(x, model(x), "graph");
  CHECK_THROWS_TEXT(ValueError, "layer 'graph' cannot be a part of 'sequential'", model.add(graph));
  CHECK(model.size() == 1);
  CHECK(model(ones({3, 2})).shape() == Shape{3, 2});
  CHECK(outer.variables().size() == 2);
  // With known shapes nothing has changed either.
  Sequential built{Input({4}), Dense(4)};
  CHECK_THROWS_TEXT(ValueError, "it is the same layer", built.add(built));
  built.add(Dense(1));
  CHECK(built(ones({3, 4})).shape() == Shape{3, 1});
}

TEST_CASE("functional: a layer whose object is gone is named") {
  struct Plain : Layer {
    Tensor call(const Tensor& t) override { return t * 2; }
  };
  auto x = Input({2});
  SymbolicTensor y = x;
  {
    Plain plain;
    y = plain(x);
    CHECK_CLOSE(Model(x, y)(ones({1, 2})), {2.0, 2.0});
  }
  CHECK_THROWS_TEXT(RuntimeError, "the layer 'plain' of the model's graph no longer exists", Model(x, y));
}

TEST_CASE("functional: what the data must be") {
  auto x = Input({4}, {.dtype = float64});
  Model model(x, Dense(2, {.kernel_initializer = "ones", .dtype = float64})(x));
  CHECK(model(ones({3, 4}, int32)).dtype() == float64);  // cast, as in Keras
  CHECK(model(ones({3, 4, 1}, float64)).shape() == Shape{3, 2});
  CHECK_THROWS_TEXT(
      ValueError,
      "input 0 of model \"functional\" is incompatible with it: expected shape=(None, 4), found shape=(3, 5)",
      model(ones({3, 5}, float64)));
  CHECK_THROWS_TEXT(ValueError, "expects 1 input(s), but it received 2 input tensors",
                    model({ones({3, 4}), ones({3, 4})}));
  auto scalar = Input({1});
  CHECK(Model(scalar, scalar * 2)(ones({3})).shape() == Shape{3, 1});
}

TEST_CASE("functional: errors of the graph") {
  auto a = Input({2}, {.name = "a"}), b = Input({2}, {.name = "b"});
  CHECK_THROWS_TEXT(ValueError, "depend on the Input \"b\", which is not among the model's inputs", Model(a, a + b));
  CHECK_THROWS_TEXT(ValueError, "the input \"a\" is given twice", Model({a, a}, a + b));
  CHECK_THROWS_TEXT(ValueError, "expected at least one input and one output", Model(a, SymbolicList{}));
  CHECK_THROWS_TEXT(ValueError, "expected sizes of -1 (any) or more", Input({-2}));
  // From the middle of a graph.
  auto hidden = Dense(3, {.kernel_initializer = "ones"})(a);
  CHECK_CLOSE(Model(hidden, hidden * 2)(ones({1, 3})), {2.0, 2.0, 2.0});
}

TEST_CASE("functional: sizes that are not known, and shapes without data") {
  auto x = Input({-1, 3});
  auto y = Dense(4)(x);
  CHECK(y.shape() == Shape{-1, -1, 4});
  CHECK(Dense(7).compute_output_shape({-1, 5}) == Shape{-1, 7});
  CHECK(Dense(7).compute_output_shape({6, 5}) == Shape{6, 7});
}

TEST_CASE("functional: a clone has the same graph and weights of its own") {
  auto x = Input({3});
  Dense shared(3);
  Model model(x, shared(shared(x)) + x);
  Model copy = clone_model(model);
  CHECK_FALSE(copy.built());
  const Tensor t = constant({{1.0, 2.0, -3.0}});
  (void)copy(t);
  REQUIRE(copy.variables().size() == 2);
  CHECK_FALSE(copy.variables()[0].is_same(model.variables()[0]));
  copy.set_weights(model.get_weights());
  CHECK_TENSOR_EQ(copy(t), model(t));
}

TEST_CASE("sequential: an Input in front builds it") {
  Sequential model{Input({28, 28}), Flatten(), Dense(10)};
  CHECK(model.count_params() == 7850);
  CHECK(model(zeros({2, 28, 28}, uint8)).dtype() == float32);
  CHECK(model(zeros({2, 28, 28, 1})).shape() == Shape{2, 10});
  CHECK_THROWS_TEXT(
      ValueError,
      "input 0 of model \"sequential\" is incompatible with it: expected shape=(None, 28, 28), found shape=(2, 28)",
      model(zeros({2, 28})));
  CHECK_THROWS_TEXT(ValueError, "the Input must come before all layers", model.add(Input({2})));
  CHECK_THROWS_TEXT(ValueError, "expected a layer or an Input", Sequential().add(Input({2}) * 2));
  CHECK_THROWS_TEXT(IndexError, "expected an index below 2", model.layer(2));
}

/// Looks at its input on the host, which only makes sense with elements.
struct Counting : LayerBase<Counting> {
  Tensor call(const Tensor& x) override { return x * static_cast<double>(1 + reduce_sum(x).item<int>()); }
};

TEST_CASE("functional: defining a model needs no memory for activations, and no time for kernels") {
  const auto image = Input({224, 224, 3});
  reset_peak_memory();
  const std::int64_t before = memory_stats().peak_bytes;
  auto x = layers::Conv2D(512, {3, 3}, {.padding = "same"})(image);  // 103 MB for a batch of one
  x = layers::BatchNormalization()(x);
  x = layers::Conv2D(512, {1, 1}, {.activation = "relu"})(x);
  x = layers::Conv2D(64, {7, 7}, {.strides = {2, 2}})(x);
  const auto y = layers::Dense(10)(layers::GlobalAveragePooling2D()(x * 2 + 1));
  const Model model(image, y);
  const std::int64_t weights = model.count_params() * 4;
  CHECK(memory_stats().peak_bytes - before < 2 * weights);  // 15 MB; the activations would take 300
  CHECK(x.shape() == Shape{-1, 109, 109, 64});
}

TEST_CASE("functional: a layer that looks at elements gets some to be defined, as such models always could") {
  const auto input = Input({3});
  const Model model(input, layers::Dense(2)(Counting()(input)));
  CHECK(Model(input, Counting()(input))(constant({{1.0, 1.0, 2.0}}, float32)).to_vector<float>() ==
        std::vector<float>{5, 5, 10});
}

}  // namespace
}  // namespace xtape
