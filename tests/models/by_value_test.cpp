// Models of any class as plain Models, by value.
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/activity_regularization.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/flatten.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/sgd.hpp"

namespace xtape {
namespace {

using layers::Dense;

Dense ones_to(std::int64_t units) { return Dense(units, {.use_bias = false, .kernel_initializer = "ones"}); }

struct Twice : Model {
  Dense dense = track(ones_to(1));
  std::shared_ptr<int> steps = std::make_shared<int>(0);
  Tensor call(const Tensor& x) override { return dense(x) * 2; }

 protected:
  Logs train_step(const TrainBatch& batch) override {
    ++*steps;
    return Model::train_step(batch);
  }
};

/// Has a copy constructor that passes its argument to the base class.
struct Copying : Model {
  Dense dense = track(ones_to(1));
  Copying() = default;
  Copying(const Copying& other) : Model(other), dense(other.dense) {}
  Tensor call(const Tensor& x) override { return dense(x) * 3; }
};

Model by_value(Model model) { return model; }

Model made(int kind) {
  if (kind == 0) {
    Sequential model(ones_to(1));
    return model;
  }
  if (kind == 1) return Twice();
  if (kind == 2) return Copying();
  const auto x = Input({2});
  return Model(x, ones_to(1)(x) * 4);
}

const Tensor x = ones({3, 2});

TEST_CASE("a Model by value is the model, whatever its class") {
  std::vector<Model> models;
  for (int kind = 0; kind < 4; ++kind) models.push_back(made(kind));
  for (int kind = 0; kind < 4; ++kind) {
    CAPTURE(kind);
    Model& model = models[static_cast<std::size_t>(kind)];
    const double value = 2.0 * (kind + 1);
    CHECK_CLOSE(model(x), {value, value, value});
    CHECK_CLOSE(by_value(model).predict(x), {value, value, value});
    CHECK(model.variables().size() == 1);
    model.compile(optimizers::SGD({.learning_rate = 0}), "mae");
    CHECK(model.fit(x, zeros({3, 1}), {.verbose = 0})["loss"][0] == doctest::Approx(value));
    CHECK(model.evaluate(x, zeros({3, 1}), {.verbose = 0})["loss"] == doctest::Approx(value));
    const auto in = Input({2});
    CHECK_CLOSE(Model(in, model(in) + 1)(x), {value + 1, value + 1, value + 1});
    Model copy = clone(model);
    (void)copy(x);
    copy.set_weights({zeros({2, 1})});
    CHECK_CLOSE(copy(x), {0.0, 0.0, 0.0});
    CHECK_CLOSE(model(x), {value, value, value});
  }
  CHECK(models[0].name() == "sequential");
  CHECK(models[1].name() == "twice");
  CHECK_CLOSE(Sequential(models[1], Dense(1, {.kernel_initializer = "ones"}))(x), {4.0, 4.0, 4.0});
}

TEST_CASE("a Model by value and what it was made of are one model") {
  Sequential model;
  Model handle = model;
  model.add(ones_to(1));
  CHECK_CLOSE(handle(x), {2.0, 2.0, 2.0});
  CHECK(model.built());
  CHECK(model.variables()[0].is_same(handle.variables()[0]));
  handle.compile("sgd", "mse");
  CHECK(model.compiled());
  model.set_weights({zeros({2, 1})});
  CHECK_CLOSE(handle.predict(x), {0.0, 0.0, 0.0});

  // Before the first call of either, which builds both.
  Twice own;
  Model plain = own;
  own.compile(optimizers::SGD({.learning_rate = 0}), "mae");
  CHECK(plain.fit(x, zeros({3, 1}), {.verbose = 0})["loss"][0] == doctest::Approx(4));
  CHECK(*own.steps == 1);
  CHECK(own.dense.kernel().shape() == Shape{2, 1});
  plain = Sequential(ones_to(3));
  CHECK(plain(x).shape() == Shape{3, 3});
  plain = own;
  CHECK(plain(x).shape() == Shape{3, 1});
  Model other = std::move(plain);
  CHECK_CLOSE(other(x), {4.0, 4.0, 4.0});

  // Copies of a Sequential are the same stack, clones are not.
  Sequential first(ones_to(2));
  Sequential second = first, third = clone(first);
  second.add(ones_to(1));
  CHECK(first.size() == 2);
  CHECK(third.size() == 1);
  CHECK_CLOSE(first(x), {4.0, 4.0, 4.0});
  // A penalty of the output counts once.
  Sequential regularized{ones_to(1)};
  regularized.set_activity_regularizer(Regularizer([](const Tensor& y) { return reduce_sum(y); }));
  Model penalized = regularized;
  (void)penalized(x);
  REQUIRE(penalized.losses().size() == 1);
  CHECK(penalized.losses()[0].item() == doctest::Approx(2));
}

TEST_CASE("a Model that was copied through a reference to a base class") {
  auto model = std::make_unique<Sequential>(ones_to(1));
  Model& reference = *model;
  Model copy = reference;
  CHECK_CLOSE(copy(x), {2.0, 2.0, 2.0});
  Sequential outer;
  outer.add(reference);
  CHECK_CLOSE(outer(x), {2.0, 2.0, 2.0});
  CHECK(copy.name() == "sequential");
  Sequential again = *model;
  model.reset();
  CHECK_CLOSE(copy(x), {2.0, 2.0, 2.0});
  std::optional<Sequential> last(std::move(again));
  last.reset();
  CHECK_THROWS_TEXT(RuntimeError, "'sequential' was copied as a plain Model through a reference", copy(x));
}

}  // namespace
}  // namespace xtape
