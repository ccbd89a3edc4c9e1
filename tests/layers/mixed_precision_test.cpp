#include <vector>

#include "support/check.hpp"
#include "support/policy.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/activation.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/embedding.hpp"
#include "xtape/layers/lstm.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/transforms/recompute_grad.hpp"

namespace xtape {
namespace {

using layers::Dense;
using testing::Policy;

/// x w, which notes the dtypes that it meets.
struct Product : LayerBase<Product> {
  explicit Product(DTypePolicy dtype = {}) : LayerBase("", dtype) {}
  Variable w, counter, kept;
  std::vector<DType> seen;
  void build(const Shape& input) override {
    w = add_weight("w", {input.back(), 2}, {.initializer = "ones"});
    kept = add_weight("kept", {}, {.initializer = "ones", .autocast = false});
    counter = add_weight("counter", {}, {.initializer = "zeros", .trainable = false, .dtype = int64});
  }
  Tensor call(const Tensor& x) override {
    seen = {x.dtype(), w.value().dtype(), w.dtype(), kept.value().dtype(), counter.value().dtype()};
    counter.assign_add(1);
    return matmul(x, w);
  }
};

TEST_CASE("mixed precision: a layer computes in bfloat16 on float32 variables") {
  Product layer("mixed_bfloat16");
  const Tensor y = layer(ones({3, 4}));
  CHECK(layer.seen == std::vector<DType>{bfloat16, bfloat16, float32, float32, int64});
  CHECK(y.dtype() == bfloat16);
  CHECK_CLOSE(cast(y, float32), full({3, 2}, 4));
  CHECK(layer.w.value().dtype() == float32);  // outside of the call
  CHECK(layer.counter.peek().item<std::int64_t>() == 1);
}

TEST_CASE("mixed precision: gradients of variables are float32, whoever reads them") {
  Product layer("mixed_bfloat16");
  const Tensor x = constant({{1.0, 2.0, 3.0}});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor loss = reduce_sum(cast(layer(x), float32));
  const Tensor dw = tape.gradient(loss, layer.w), dx = tape.gradient(loss, x);
  CHECK(dw.dtype() == float32);
  CHECK(dx.dtype() == float32);
  CHECK_CLOSE(dw, {1, 1, 2, 2, 3, 3});
  CHECK_CLOSE(dx, {2, 2, 2});
}

TEST_CASE("mixed precision: a layer of another policy inside keeps it") {
  struct Outer : Model {
    Product narrow = track(Product("mixed_bfloat16")), wide = track(Product("float32"));
    DType own = float32;
    Tensor call(const Tensor& x) override {
      const Tensor y = wide(narrow(x));
      own = narrow.w.value().dtype();
      return y;
    }
  };
  const Policy global("mixed_bfloat16");
  Outer model;
  const Tensor y = model(ones({1, 3}));
  CHECK(model.narrow.seen[1] == bfloat16);
  CHECK(model.wide.seen == std::vector<DType>{float32, float32, float32, float32, int64});
  CHECK(model.own == bfloat16);
  CHECK(y.dtype() == float32);
}

TEST_CASE("mixed precision: which inputs are cast") {
  const auto received = [](DTypePolicy policy, DType input) {
    Product layer(policy);
    (void)layer(ones({1, 2}, input));
    return layer.seen[0];
  };
  CHECK(received("mixed_bfloat16", float64) == bfloat16);
  CHECK(received("bfloat16", float32) == bfloat16);
  CHECK(received("float32", bfloat16) == float32);
  CHECK(received("float64", float32) == float64);
  CHECK(received("float32", float64) == float32);
  Product whole("mixed_bfloat16");
  CHECK_THROWS_TEXT(TypeError, "dtypes differ: int32 and bfloat16", whole(ones({1, 2}, int32)));

  layers::Embedding embedding(1000, 2, {.dtype = "mixed_bfloat16"});
  const Tensor rows = embedding(constant({257.0, 999.0}));  // neither is a bfloat16
  CHECK(rows.dtype() == bfloat16);
  CHECK_TENSOR_EQ(rows, embedding(constant(std::vector<std::int64_t>{257, 999})));
}

TEST_CASE("mixed precision: the policy is kept by clones and known to symbolic tensors") {
  const Dense dense(3, {.dtype = "mixed_bfloat16"});
  CHECK(clone(dense).dtype_policy().name() == "mixed_bfloat16");
  auto x = Input({4});
  auto y = Dense(2, {.dtype = "mixed_bfloat16"})(x);
  auto z = layers::Activation("softmax", {.dtype = "float32"})(y);
  CHECK(y.dtype() == bfloat16);
  CHECK(z.dtype() == float32);
  CHECK((y + z).dtype() == float32);
  Model model(x, z);
  CHECK(clone(model)(ones({1, 4})).dtype() == float32);
}

TEST_CASE("mixed precision: recompute_grad computes the same again") {
  struct Twice : Model {
    Product inner = track(Product("mixed_bfloat16"));
    Variable v = track(Variable(constant(1.5), {.name = "v"}));
    bool again = false;
    Twice() : Model("") { set_dtype_policy("mixed_bfloat16"); }
    Tensor call(const Tensor& x) override {
      const auto f = [this](const Tensor& t) { return inner(t) * v; };
      return again ? recompute_grad(f)(x) : f(x);
    }
  };
  Twice model;
  const Tensor x = constant({{0.5, -1.0}});
  std::vector<Tensor> gradients[2];
  for (const bool again : {false, true}) {
    model.again = again;
    (void)model(x);
    GradientTape tape;
    const Tensor loss = reduce_sum(cast(square(model(x)), float32));
    for (const Tensor& g : tape.gradient(loss, std::vector<Variable>{model.inner.w, model.v})) {
      CHECK(g.dtype() == float32);
      gradients[again].push_back(g);
    }
  }
  for (std::size_t i = 0; i < 2; ++i) CHECK_CLOSE(gradients[1][i], gradients[0][i]);
}

TEST_CASE("mixed precision: statistics of batches are float32") {
  layers::BatchNormalization norm({.momentum = 0, .dtype = "mixed_bfloat16"});
  // 256.5 has one digit more than bfloat16; so has the mean of numbers that are bfloat16.
  const Tensor y = norm(constant({{256.0}, {257.0}, {256.0}, {257.0}}), {.training = true});
  CHECK(y.dtype() == bfloat16);
  for (const auto& variable : norm.variables()) CHECK(variable.dtype() == float32);
  CHECK_CLOSE(norm.variables()[2], {256.0});  // 257 was rounded to 256 on its way in
  (void)norm(constant({{2.0}, {3.0}, {3.0}}), {.training = true});
  CHECK_CLOSE(norm.variables()[2], {8.0 / 3});
}

TEST_CASE("mixed precision: a recurrent layer reads its cell's weights in the cell's policy") {
  const Policy global("mixed_bfloat16");
  layers::LSTM narrow(3), wide(3, {.dtype = "float32"});
  const Tensor x = constant({{{0.5, -0.25}, {1.0, 2.0}}});
  CHECK(narrow(x).dtype() == bfloat16);
  CHECK(wide(x).dtype() == float32);
  wide.set_weights(narrow.get_weights());
  CHECK_CLOSE(cast(narrow(x), float32), wide(x), 0.02, 0.01);
}

TEST_CASE("mixed precision: losses that layers add are float32") {
  struct Penalty : LayerBase<Penalty> {
    Penalty() : LayerBase("", "mixed_bfloat16") {}
    Tensor call(const Tensor& x) override {
      add_loss(reduce_sum(x));
      return x;
    }
  };
  Penalty layer;
  (void)layer(ones({2}));
  REQUIRE(layer.losses().size() == 1);
  CHECK_TENSOR_EQ(layer.losses()[0], constant(2.0));
}

}  // namespace
}  // namespace xtape
