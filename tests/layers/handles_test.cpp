#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/layer.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/regularizers/l1_l2.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

struct Scale : LayerBase<Scale> {
  Variable factor;

 protected:
  void build(const Shape& input) override { factor = add_weight("factor", {input.back()}); }
  Tensor call(const Tensor& x) override { return x * factor; }
};

/// Makes a layer in build(), as authors of layers may.
struct Late : LayerBase<Late> {
  layers::Dense inner{1};

 protected:
  void build(const Shape&) override { inner = track(layers::Dense(2)); }
  Tensor call(const Tensor& x) override { return inner(x); }
};

TEST_CASE("layer: copies made before and after building share the weights") {
  Scale scale;
  Scale before = scale;
  const Tensor x = ones({2, 3});
  const Tensor y = scale(x);
  CHECK(before.factor.is_same(scale.factor));  // without a call of its own
  Scale after = scale;
  CHECK_TENSOR_EQ(before(x), y);
  CHECK_TENSOR_EQ(after(x), y);
  CHECK(after.variables().size() == 1);
}

TEST_CASE("layer: a copy shares the layers that build() makes") {
  Late late;
  Late copy = late;
  const Tensor x = ones({2, 3});
  CHECK_TENSOR_EQ(late(x), copy(x));
  CHECK(copy.variables().size() == 2);
  CHECK(late.inner.kernel().is_same(copy.inner.kernel()));
}

TEST_CASE("layer: a copy is asked for the same weights; one that asks for others says so") {
  struct Fickle : LayerBase<Fickle> {
    std::shared_ptr<int> builds = std::make_shared<int>(0);
    void build(const Shape&) override { (void)add_weight("w", {2 + (*builds)++}); }
    Tensor call(const Tensor& x) override { return x; }
  };
  Fickle layer;
  Fickle copy = layer;
  CHECK_THROWS_TEXT(ValueError, "has built its weight 'w' with shape (2,), now (3,) is asked", layer(ones({1})));
}

TEST_CASE("clone: a layer of the same options with weights of its own") {
  layers::Dense dense(4, {.activation = "relu", .name = "hidden"});
  (void)dense(ones({2, 3}));
  layers::Dense copy = clone(dense);
  CHECK_FALSE(copy.built());
  CHECK(copy.name() == "hidden");
  (void)copy(ones({2, 5}));
  CHECK(copy.kernel().shape() == Shape{5, 4});
  CHECK_FALSE(copy.kernel().is_same(dense.kernel()));

  Late late;
  (void)late(ones({1, 3}));
  Late late_copy = clone(late);
  CHECK(late_copy(ones({1, 5})).shape() == Shape{1, 2});
  CHECK(late_copy.variables().size() == 2);
}

TEST_CASE("clone: layers within layers are copied, and a layer that is there twice stays one") {
  layers::Dense shared(3);
  Sequential model{shared, layers::Dropout(0.5), shared, layers::Dense(1)};
  (void)model(ones({2, 3}));
  CHECK(model.variables().size() == 4);
  Sequential copy = clone(model);
  CHECK(copy.variables().empty());
  (void)copy(ones({2, 3}));
  CHECK(copy.variables().size() == 4);
  CHECK_FALSE(copy.variables()[0].is_same(model.variables()[0]));
  copy.set_weights(model.get_weights());
  const Tensor x = constant({{1.0, -2.0, 3.0}});
  CHECK_TENSOR_EQ(copy(x), model(x));
}

TEST_CASE("clone: a variable made outside of build() cannot be copied") {
  struct Holder : LayerBase<Holder> {
    Variable v = track(Variable(1.0F, {.name = "v"}));
    Tensor call(const Tensor& x) override { return x * v; }
  };
  Holder holder;
  CHECK_THROWS_TEXT(ValueError, "layer 'holder' holds the variable 'v', made outside of build()", clone(holder));
}

TEST_CASE("layer: an error for a class that overrides neither form of call") {
  struct Nothing : Layer {};
  Nothing nothing;
  CHECK_THROWS_TEXT(RuntimeError, "overrides neither call() nor call_list()", nothing(ones({1})));
  CHECK_THROWS_TEXT(RuntimeError, "overrides neither call() nor call_list()", nothing(TensorList{ones({1})}));
}

TEST_CASE("layer: several inputs for a layer of one") {
  Scale scale;
  CHECK_THROWS_TEXT(ValueError, "layer \"scale\" expects 1 input(s), but it received 2 input tensors",
                    scale({ones({1, 2}), ones({1, 2})}));
}

TEST_CASE("layer: losses of regularizers, activities and add_loss") {
  struct Penalised : LayerBase<Penalised> {
    Variable w;
    void build(const Shape&) override {
      w = add_weight("w", {2}, {.initializer = "ones", .regularizer = regularizers::L2{.l2 = 0.5}});
    }
    Tensor call(const Tensor& x) override {
      add_loss(reduce_sum(x) * 10);
      return x * w;
    }
  };
  struct Outer : Model {
    Penalised inner = track(Penalised());
    Tensor call(const Tensor& x) override { return inner(x); }
  };
  Outer outer;
  outer.set_activity_regularizer(regularizers::L1{.l1 = 0.25});
  const Tensor x = constant({{1.0, -3.0}});
  GradientTape tape;
  for (int call = 0; call < 2; ++call) (void)outer(x);  // the second call's alone
  auto losses = outer.losses();
  REQUIRE(losses.size() == 3);
  CHECK(losses[0].item() == doctest::Approx(0.25 * 4));
  CHECK(losses[1].item() == doctest::Approx(-20));
  CHECK(losses[2].item() == doctest::Approx(0.5 * 2));
  CHECK_CLOSE(tape.gradient(losses, outer.inner.w), {0.25 + 1.0, 0.25 * 3 + 1.0});
  outer.inner.set_trainable(false);
  CHECK(outer.losses().size() == 2);  // a frozen weight has no penalty
}

TEST_CASE("layer: set_weights changes nothing when one of them does not fit") {
  layers::Dense dense(2);
  (void)dense(ones({1, 3}));
  const auto before = dense.get_weights();
  CHECK_THROWS_TEXT(ValueError, "weight list of length 1, but it expects 2 weights", dense.set_weights({ones({3, 2})}));
  CHECK_THROWS_TEXT(ValueError, "weight 1 'dense/bias' has shape (2,), received (3,)",
                    dense.set_weights({ones({3, 2}), ones({3})}));
  CHECK_TENSOR_EQ(dense.kernel(), before[0]);
  dense.set_weights({ones({3, 2}, float64), ones({2})});
  CHECK_TENSOR_EQ(dense.kernel(), ones({3, 2}));
}

}  // namespace
}  // namespace xtape
