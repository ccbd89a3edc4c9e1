#include "xtape/models/model.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/flatten.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

struct Net : Model {
  layers::Flatten flatten = track(layers::Flatten());
  layers::Dense hidden = track(layers::Dense(8, {.activation = nn::relu}));
  layers::Dropout dropout = track(layers::Dropout(0.5));
  layers::Dense out = track(layers::Dense(3));
  Tensor call(const Tensor& x) override { return nn::softmax(out(dropout(hidden(flatten(x))))); }
};

TEST_CASE("Model: predict is a call without training, whatever the batch size") {
  Net model;
  const Tensor x = reshape(arange(7.0 * 4) / 10, {7, 2, 2});
  const Tensor y = model.predict(x);
  CHECK(y.shape() == Shape{7, 3});
  CHECK_TENSOR_EQ(y, model(x));
  for (const std::int64_t batch : {1, 2, 3, 7, 100}) CHECK_CLOSE(model.predict(x, {.batch_size = batch}), y, 1e-6);
  CHECK(model.predict(zeros({0, 2, 2})).shape() == Shape{0, 3});
  CHECK_THROWS_TEXT(ValueError, "expected a batch size of at least 1, received 0", model.predict(x, {.batch_size = 0}));
  CHECK_THROWS_TEXT(ValueError, "received a scalar", model.predict(constant(1.0)));
}

TEST_CASE("Model: predict is unseen by tapes, which go on recording after it") {
  Net model;
  const Tensor x = ones({2, 4});
  GradientTape tape;
  const Tensor y = model.predict(x);
  CHECK(tape.num_records() == 0);
  CHECK(tape.watched_variables().empty());
  CHECK(tape.gradient(model(x), model.hidden.kernel()).defined());
}

TEST_CASE("Model: models nest") {
  struct Outer : Model {
    Net net = track(Net());
    layers::Dense head = track(layers::Dense(1));
    Tensor call(const Tensor& x) override { return head(net(x)); }
  };
  Outer model;
  CHECK(model(ones({2, 4})).shape() == Shape{2, 1});
  REQUIRE(model.variables().size() == 6);
  CHECK(model.variables()[0].name() == "outer/net/dense/kernel");
  CHECK(model.variables()[5].name() == "outer/dense/bias");
}

TEST_CASE("Sequential: layers in a row, in place or added, nested, and by index") {
  Sequential model{layers::Flatten(), layers::Dense(4, {.activation = "relu"})};
  model.add(Sequential{layers::Dense(3), layers::Dropout(0.5)});
  model.add(layers::Dense(2));
  const Tensor x = ones({5, 2, 3});
  CHECK(model(x).shape() == Shape{5, 2});
  CHECK(model.size() == 4);
  CHECK(model.layer(1).name() == "dense");
  CHECK(model.layer(3).name() == "dense_1");
  CHECK(model.layer(2).variables()[0].name() == "sequential/sequential/dense/kernel");
  CHECK(model.count_params() == 6 * 4 + 4 + 4 * 3 + 3 + 3 * 2 + 2);
  CHECK_THROWS_TEXT(IndexError, "expected an index below 4, received 4", model.layer(4));

  // The same numbers as the layers called by hand.
  Tensor by_hand = x;
  for (std::size_t i = 0; i < model.size(); ++i) by_hand = model.layer(i)(by_hand);
  CHECK_TENSOR_EQ(model(x), by_hand);
}

TEST_CASE("Sequential: empty passes its input on; a layer can be added after a call") {
  Sequential model;
  const Tensor x = ones({2, 3});
  CHECK_TENSOR_EQ(model(x), x);
  model.add(layers::Dense(4));
  CHECK(model(x).shape() == Shape{2, 4});
  CHECK(model.trainable_variables().size() == 2);
}

}  // namespace
}  // namespace xtape
