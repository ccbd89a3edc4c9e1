#include "xtape/layers/layer.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

std::vector<std::string> names(const std::vector<Variable>& variables) {
  std::vector<std::string> result;
  for (const auto& variable : variables) result.push_back(variable.name());
  return result;
}

struct Scale : Layer {
  int builds = 0;
  Variable factor;

 protected:
  void build(const Shape& input) override {
    ++builds;
    factor = add_weight("factor", {input.back()}, {.initializer = "ones"});
  }
  Tensor call(const Tensor& x) override { return x * factor; }
};

struct WithCounter : Layer {
  Variable count;

 protected:
  void build(const Shape&) override { count = add_weight("count", {}, {.initializer = "zeros", .trainable = false}); }
  Tensor call(const Tensor& x) override { return x; }
};

struct TwoDense : Model {
  layers::Dense first = track(layers::Dense(3));
  layers::Dense second = track(layers::Dense(2, {.use_bias = false}));
  WithCounter counter = track(WithCounter());
  Tensor call(const Tensor& x) override { return counter(second(first(x))); }
};

TEST_CASE("layer: one's own layer is built once, on the first call, and trains") {
  Scale scale;
  CHECK_FALSE(scale.built());
  CHECK(scale.variables().empty());
  const Tensor x = constant({{1.0, 2.0}, {3.0, 4.0}});
  GradientTape tape;
  const Tensor y = scale(x);
  CHECK_TENSOR_EQ(y, x);
  CHECK_TENSOR_EQ(scale(y), x);
  CHECK(scale.builds == 1);
  REQUIRE(scale.trainable_variables().size() == 1);
  CHECK(scale.trainable_variables()[0].name() == "scale/factor");
  CHECK_CLOSE(tape.gradient(y, scale.factor), {4.0, 6.0});
}

TEST_CASE("layer: variables come in the order of tracking, with the names of a path") {
  TwoDense model;
  CHECK(model.variables().empty());
  (void)model(zeros({1, 4}));
  const std::vector<std::string> expected = {"two_dense/dense/kernel", "two_dense/dense/bias",
                                             "two_dense/dense_1/kernel", "two_dense/with_counter/count"};
  CHECK(names(model.variables()) == expected);
  CHECK(names(model.trainable_variables()) == std::vector<std::string>(expected.begin(), expected.begin() + 3));
  CHECK(names(model.non_trainable_variables()) == std::vector<std::string>(expected.begin() + 3, expected.end()));
  CHECK(model.count_params() == 4 * 3 + 3 + 3 * 2 + 1);
}

TEST_CASE("layer: a given name is kept, and two of a kind get numbers") {
  struct Named : Model {
    layers::Dense a = track(layers::Dense(1, {.name = "head"}));
    layers::Dense b = track(layers::Dense(1));
    layers::Dense c = track(layers::Dense(1));
    Tensor call(const Tensor& x) override { return c(b(a(x))); }
  };
  Named model;
  CHECK(model.a.name() == "head");
  CHECK(model.b.name() == "dense");
  CHECK(model.c.name() == "dense_1");

  struct Twice : Model {
    layers::Dense a = track(layers::Dense(1, {.name = "head"}));
    layers::Dense b = track(layers::Dense(1, {.name = "head"}));
    Tensor call(const Tensor& x) override { return b(a(x)); }
  };
  CHECK_THROWS_TEXT(ValueError, "there is a layer 'head' already", Twice());
}

TEST_CASE("layer: freezing hides weights from the tape, and unfreezing gives back only those that were trainable") {
  TwoDense model;
  const Tensor x = ones({2, 4});
  (void)model(x);
  model.first.set_trainable(false);
  CHECK(names(model.trainable_variables()) == std::vector<std::string>{"two_dense/dense_1/kernel"});
  {
    GradientTape tape;
    const Tensor y = model(x);
    CHECK_FALSE(tape.gradient(y, model.first.kernel()).defined());
  }
  model.set_trainable(false);
  CHECK(model.trainable_variables().empty());
  model.set_trainable(true);
  CHECK(model.trainable_variables().size() == 3);
  CHECK_FALSE(model.counter.count.trainable());
}

TEST_CASE("layer: weights of a layer frozen before it is built are not trainable, until it is thawed") {
  layers::Dense dense(2);
  dense.set_trainable(false);
  (void)dense(ones({1, 2}));
  CHECK(dense.trainable_variables().empty());
  CHECK(dense.variables().size() == 2);
  dense.set_trainable(true);
  CHECK(dense.trainable_variables().size() == 2);
}

TEST_CASE("layer: `training` reaches nested layers, the innermost word counts, and outside of a call it is false") {
  struct Probe : Layer {
    bool* seen;
    explicit Probe(bool* flag) : seen(flag) {}

   protected:
    Tensor call(const Tensor& x) override {
      *seen = training();
      return x;
    }
  };
  struct Outer : Model {
    Probe probe;
    std::optional<bool> inner = {};
    explicit Outer(bool* flag) : probe(track(Probe(flag))) {}
    Tensor call(const Tensor& x) override { return probe(x, {.training = inner}); }
  };
  bool seen = true;
  Outer model(&seen);
  const Tensor x = ones({1});
  (void)model(x);
  CHECK_FALSE(seen);
  (void)model(x, {.training = true});
  CHECK(seen);
  model.inner = false;
  (void)model(x, {.training = true});
  CHECK_FALSE(seen);
  model.inner = {};
  (void)model(x, {.training = true});
  (void)model(x);
  CHECK_FALSE(seen);  // nothing is left of the call before
}

TEST_CASE("layer: an error says in which layer of which model, and leaves the model usable") {
  TwoDense model;
  (void)model(ones({1, 4}));
  CHECK_THROWS_TEXT(
      ValueError,
      "[Dense] Input 0 of layer \"dense\" is incompatible with the layer: expected axis -1 of input shape to "
      "have value 4, but received input with shape (2, 5)\n"
      "  in layer 'two_dense/dense', called with an input of shape (2, 5)\n"
      "  in layer 'two_dense', called with an input of shape (2, 5)",
      model(ones({2, 5})));
  CHECK(model(ones({2, 4})).shape() == Shape{2, 2});
}

TEST_CASE("layer: a build that fails leaves no weights and can be tried again") {
  struct Picky : Layer {
    Variable w;

   protected:
    void build(const Shape& input) override {
      w = add_weight("w", {2}, {.initializer = "zeros"});
      if (input[0] != 2) throw ValueError("[Picky] expected 2");
    }
    Tensor call(const Tensor& x) override { return x + w; }
  };
  Picky layer;
  CHECK_THROWS_TEXT(ValueError, "[Picky] expected 2", layer(ones({3})));
  CHECK(layer.variables().empty());
  CHECK_CLOSE(layer(ones({2})), {1.0, 1.0});
  CHECK(layer.variables().size() == 1);
}

TEST_CASE("layer: two weights of one name are refused") {
  struct Double : Layer {
   protected:
    void build(const Shape&) override {
      add_weight("w", {1});
      add_weight("w", {1});
    }
    Tensor call(const Tensor& x) override { return x; }
  };
  Double layer;
  CHECK_THROWS_TEXT(ValueError, "layer 'double' has a weight 'w' already", layer(ones({1})));
}

TEST_CASE("layer: a moved layer keeps its weights; the one moved from says so") {
  layers::Dense a(2);
  (void)a(ones({1, 3}));
  const Tensor kernel = a.kernel().peek();
  layers::Dense b = std::move(a);
  CHECK(b.variables().size() == 2);
  CHECK_TENSOR_EQ(b.variables()[0].peek(), kernel);
  CHECK_THROWS_TEXT(RuntimeError, "the layer has been moved from", a(ones({1, 3})));  // NOLINT(bugprone-use-after-move)
}

TEST_CASE("layer: a model that was moved still knows the layers it tracks") {
  TwoDense a;
  (void)a(ones({1, 4}));
  TwoDense b = std::move(a);
  CHECK(b.variables().size() == 4);
  CHECK(b.trainable_variables()[0].is_same(b.first.kernel()));
  CHECK(b(ones({1, 4})).shape() == Shape{1, 2});
}

}  // namespace
}  // namespace xtape
