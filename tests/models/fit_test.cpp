#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/metrics/mean.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/sgd.hpp"
#include "xtape/regularizers/l1_l2.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

using layers::Dense;

/// y = 2 x0 - x1 + 0.5
struct Line {
  Tensor x = random::Generator(5).normal({64, 2});
  Tensor y = reduce_sum(x * constant({2.0F, -1.0F}), {1}, true) + 0.5F;
};

Sequential linear() { return Sequential(Dense(1, {.kernel_initializer = "zeros"})); }

TEST_CASE("fit: a linear model finds the line, and the history holds every epoch") {
  const Line data;
  auto model = linear();
  model.compile({.optimizer = optimizers::SGD({.learning_rate = 0.1}), .loss = "mse", .metrics = {"mae"}});
  const History history =
      model.fit(data.x, data.y, {.batch_size = 10, .epochs = 40, .verbose = 0, .validation_data = {data.x, data.y}});
  CHECK(history.epoch.size() == 40);
  for (const char* name : {"loss", "mae", "val_loss", "val_mae"}) {
    CAPTURE(name);
    REQUIRE(history[name].size() == 40);
    CHECK(history[name].back() < 1e-3);
    CHECK(history[name].front() > history[name].back());
  }
  CHECK_CLOSE(model.variables()[0], {2.0, -1.0}, 1e-3);
  CHECK_CLOSE(model.variables()[1], {0.5}, 1e-3);
  CHECK_THROWS_TEXT(LookupError, "there is no figure 'acc', only: loss, mae, val_loss, val_mae", history["acc"]);
  CHECK(model.optimizer().iterations() == 40 * 7);
}

TEST_CASE("fit: equals the loop written by hand, the order of the samples included") {
  const Line data;
  auto by_fit = linear(), by_hand = linear();
  by_fit.compile(optimizers::SGD({.learning_rate = 0.05, .momentum = 0.9}), "mse");
  random::set_seed(7);
  by_fit.fit(data.x, data.y, {.batch_size = 9, .epochs = 3, .verbose = 0});
  random::set_seed(7);
  optimizers::SGD optimizer({.learning_rate = 0.05, .momentum = 0.9});
  for (int epoch = 0; epoch < 3; ++epoch) {
    const auto order = random::permutation(64);
    for (std::int64_t begin = 0; begin < 64; begin += 9) {
      const auto rows = slice_axis(order, 0, begin, std::min<std::int64_t>(9, 64 - begin));
      const auto x = gather(data.x, rows), y = gather(data.y, rows);
      optimizer.minimize([&] { return reduce_mean(square(by_hand(x) - y)); },
                         [&] { return by_hand.trainable_variables(); });
    }
  }
  CHECK_TENSOR_EQ(by_fit.variables()[0], by_hand.variables()[0]);
  CHECK_TENSOR_EQ(by_fit.variables()[1], by_hand.variables()[1]);
}

TEST_CASE("evaluate: the loss and metrics of all rows, whatever the batch size") {
  const Line data;
  auto model = linear();
  model.compile("sgd", "mse", {"mae"});
  const Tensor error = data.y;  // the model gives 0
  for (const std::int64_t batch_size : {1, 10, 64, 100}) {
    const Logs results = model.evaluate(data.x, data.y, {.batch_size = batch_size, .verbose = 0});
    CHECK(results["loss"] == doctest::Approx(reduce_mean(square(error)).item()).epsilon(1e-5));
    CHECK(results["mae"] == doctest::Approx(reduce_mean(abs(error)).item()).epsilon(1e-5));
  }
  CHECK(model.optimizer().iterations() == 0);
}

TEST_CASE("fit: accuracy is what suits labels and predictions") {
  const Tensor x = constant({{1.0F, 0.0F}, {0.0F, 1.0F}, {1.0F, 1.0F}});
  Sequential model(Dense(2, {.activation = "softmax", .kernel_initializer = "identity"}));
  model.compile("sgd", "sparse_categorical_crossentropy", {"accuracy"});
  CHECK(model.evaluate(x, constant({0, 0, 0}), {.verbose = 0})["accuracy"] == doctest::Approx(2.0 / 3));
  model.compile("sgd", "categorical_crossentropy", {"accuracy"});
  CHECK(model.evaluate(x, one_hot(constant({0, 1, 1}), 2), {.verbose = 0})["accuracy"] == doctest::Approx(2.0 / 3));
  Sequential binary(Dense(1, {.activation = "sigmoid", .kernel_initializer = "ones"}));
  binary.compile("sgd", "binary_crossentropy", {"acc"});
  CHECK(binary.evaluate(x, constant({1, 0, 1}), {.verbose = 0})["acc"] == doctest::Approx(2.0 / 3));
}

TEST_CASE("fit: validation_split takes the end of the data, before they are shuffled") {
  const Tensor x = reshape(arange(0, 10, 1, float32), {10, 1});
  Sequential model(Dense(1, {.use_bias = false, .kernel_initializer = "zeros"}));
  model.compile(optimizers::SGD({.learning_rate = 0}), "mse");
  const auto history = model.fit(x, x, {.epochs = 1, .verbose = 0, .validation_split = 0.2});
  CHECK(history["val_loss"][0] == doctest::Approx((64.0 + 81.0) / 2));
  CHECK(history["loss"][0] == doctest::Approx(140.0 / 8));
  CHECK_THROWS_TEXT(ValueError, "training data contains 1 samples, which is not sufficient to split",
                    model.fit(ones({1, 1}), ones({1, 1}), {.verbose = 0, .validation_split = 0.5}));
}

TEST_CASE("fit: sample and class weights") {
  const Tensor x = ones({4, 1});
  const Tensor labels = constant({0, 1, 1, 3});
  const auto loss_of = [&](const FitOptions& options, const Tensor& y) {
    Sequential model(Dense(4, {.activation = "softmax", .kernel_initializer = "zeros"}));
    model.compile(optimizers::SGD({.learning_rate = 0}),
                  y.rank() == 1 ? "sparse_categorical_crossentropy" : "categorical_crossentropy");
    return model.fit(x, y, options)["loss"][0];
  };
  const double each = std::log(4.0);
  CHECK(loss_of({.verbose = 0}, labels) == doctest::Approx(each));
  CHECK(loss_of({.verbose = 0, .sample_weight = constant({1.0F, 0.0F, 0.0F, 3.0F})}, labels) == doctest::Approx(each));
  CHECK(loss_of({.verbose = 0, .class_weight = {{1, 3.0}, {3, 0.0}}}, labels) == doctest::Approx(each * 7 / 4));
  CHECK(loss_of({.verbose = 0, .class_weight = {{1, 3.0}, {3, 0.0}}}, one_hot(labels, 4)) ==
        doctest::Approx(each * 7 / 4));
  CHECK(loss_of({.verbose = 0, .class_weight = {{1, 3.0}}, .sample_weight = constant({0, 1, 0, 0})}, labels) ==
        doctest::Approx(each * 3 / 4));
}

TEST_CASE("fit: penalties of the weights are part of the loss") {
  Sequential model(Dense(1, {.kernel_initializer = "ones", .kernel_regularizer = regularizers::L2{.l2 = 0.5}}));
  model.compile(optimizers::SGD({.learning_rate = 0.1}), "mse");
  const auto logs = model.train_on_batch(zeros({1, 2}), zeros({1, 1}));
  CHECK(logs["loss"] == doctest::Approx(1.0));
  CHECK_CLOSE(model.variables()[0], {0.9, 0.9});
}

TEST_CASE("fit: several inputs and outputs, each with its loss") {
  auto a = Input({2}), b = Input({1});
  Dense sum(1, {.kernel_initializer = "ones", .name = "sum"}),
      twice(1, {.kernel_initializer = "ones", .name = "twice"});
  Model model({a, b}, {sum(a), twice(b)});
  model.compile({.optimizer = optimizers::SGD({.learning_rate = 0}),
                 .loss = {"mse", "mae"},
                 .loss_weights = {1, 10},
                 .metrics = {"mae"}});
  const TensorList x{ones({3, 2}), ones({3, 1})}, y{zeros({3, 1}), zeros({3, 1})};
  const auto history = model.fit(x, y, {.verbose = 0});
  CHECK(history["loss"][0] == doctest::Approx(4 + 10));
  CHECK(history["sum_loss"][0] == doctest::Approx(4));
  CHECK(history["twice_loss"][0] == doctest::Approx(1));
  CHECK(history["sum_mae"][0] == doctest::Approx(2));
  CHECK(history["twice_mae"][0] == doctest::Approx(1));
  const TensorList outputs = model.predict(x, {.batch_size = 2});
  REQUIRE(outputs.size() == 2);
  CHECK_CLOSE(outputs[0], {2.0, 2.0, 2.0});
  CHECK_THROWS_TEXT(ValueError, "expected a loss and labels for each output: 2 output(s), 2 loss(es), labels for 1",
                    model.fit(x, y[0], {.verbose = 0}));
}

TEST_CASE("fit: the loss of an output is logged under its own name when another output has none") {
  auto x = Input({1});
  Dense plain(1, {.name = "plain"}), twice(1, {.kernel_initializer = "ones", .name = "twice"});
  Model model({x}, {plain(x), twice(x)});
  model.compile({.optimizer = optimizers::SGD({.learning_rate = 0}), .loss = {AnyLoss(), "mae"}});
  const auto history = model.fit(ones({3, 1}), {zeros({3, 1}), zeros({3, 1})}, {.verbose = 0});
  CHECK(history["twice_loss"][0] == doctest::Approx(1));
  CHECK_FALSE(history.history.contains("plain_loss"));
}

struct Recorder : Callback {
  std::vector<std::string> events;
  void on_train_begin() override { events.push_back("train"); }
  void on_train_end(const Logs& logs) override { events.push_back("end " + std::to_string(logs.size())); }
  void on_epoch_begin(int epoch) override { events.push_back("epoch " + std::to_string(epoch)); }
  void on_epoch_end(int epoch, const Logs& logs) override {
    events.push_back("done " + std::to_string(epoch) + (logs.contains("val_loss") ? " val" : ""));
    if (epoch == stop_after) model().set_stop_training(true);
  }
  void on_train_batch_end(std::int64_t batch, const Logs&) override { events.push_back(std::to_string(batch)); }
  void on_test_begin() override { events.push_back("test"); }
  int stop_after = -1;
};

TEST_CASE("fit: callbacks hear everything in order, and can stop the training") {
  const Line data;
  auto model = linear();
  model.compile("sgd", "mse");
  Recorder recorder;
  recorder.stop_after = 2;
  const auto history = model.fit(data.x, data.y,
                                 {.batch_size = 32,
                                  .epochs = 9,
                                  .verbose = 0,
                                  .callbacks = {&recorder},
                                  .validation_data = {data.x, data.y},
                                  .initial_epoch = 1,
                                  .validation_freq = 2});
  CHECK(recorder.events == std::vector<std::string>{"train", "epoch 1", "0", "1", "test", "done 1 val", "epoch 2", "0",
                                                    "1", "done 2", "end 1"});
  CHECK(history.epoch == std::vector<int>{1, 2});
  CHECK_THROWS_TEXT(RuntimeError, "has not been given to a model", Recorder().model());
  CHECK_THROWS_TEXT(ValueError, "received a null pointer", AnyCallback(static_cast<Callback*>(nullptr)));
}

TEST_CASE("fit: a train_step of one's own") {
  struct Custom : Model {
    Dense dense = track(Dense(1, {.kernel_initializer = "zeros"}));
    Tensor call(const Tensor& x) override { return dense(x); }
    int steps = 0;

   protected:
    Logs train_step(const TrainBatch& batch) override {
      ++steps;
      auto& [x, y, sample_weight] = batch;
      GradientTape tape;
      const auto y_pred = (*this)(x, {.training = true});
      const auto loss = compute_loss(x, y, y_pred, sample_weight);
      const auto gradients = tape.gradient(loss, trainable_variables());
      optimizer().apply_gradients(zip(gradients, trainable_variables()));
      auto logs = compute_metrics(loss, x, y, y_pred, sample_weight);
      logs.set("steps", steps);
      return logs;
    }
  };
  const Line data;
  Custom model;
  model.compile(optimizers::SGD({.learning_rate = 0.1}), "mse");
  const auto history = model.fit(data.x, data.y, {.batch_size = 16, .epochs = 20, .verbose = 0});
  CHECK(history["steps"].back() == 80);
  CHECK(history["loss"].back() < 1e-3);
}

TEST_CASE("fit: what is wrong is said before anything happens") {
  const Line data;
  auto model = linear();
  CHECK_THROWS_TEXT(RuntimeError, "[Model.fit] the model must be compiled first", model.fit(data.x, data.y));
  CHECK_THROWS_TEXT(RuntimeError, "[Model.evaluate] the model must be compiled first", model.evaluate(data.x, data.y));
  CHECK_THROWS_TEXT(RuntimeError, "must be compiled first", model.optimizer());
  CHECK_THROWS_TEXT(ValueError, "unknown optimizer 'adamm'", model.compile("adamm", "mse"));
  CHECK_THROWS_TEXT(ValueError, "unknown loss 'mean'", model.compile("adam", "mean"));
  CHECK_THROWS_TEXT(ValueError, "expected a weight for each loss: 1 losses, 2 weights",
                    model.compile({.loss = "mse", .loss_weights = {1, 2}}));
  model.compile("sgd");
  CHECK_THROWS_TEXT(ValueError, "there is nothing to minimize: give compile() a loss",
                    model.fit(data.x, data.y, {.verbose = 0}));
  model.compile("sgd", "mse");
  CHECK_THROWS_TEXT(ValueError, "data cardinality is ambiguous", model.fit(data.x, ones({63, 1}), {.verbose = 0}));
  CHECK_THROWS_TEXT(ValueError, "data cardinality is ambiguous",
                    model.fit(data.x, data.y, {.verbose = 0, .sample_weight = ones({3})}));
  CHECK_THROWS_TEXT(ValueError, "Model.fit, validation_data",
                    model.fit(data.x, data.y, {.verbose = 0, .validation_data = {data.x, ones({3, 1})}}));
  CHECK_THROWS_TEXT(ValueError, "at least one sample", model.fit(zeros({0, 2}), zeros({0, 1}), {.verbose = 0}));
  CHECK_THROWS_TEXT(ValueError, "a batch_size of at least 1, received 0",
                    model.fit(data.x, data.y, {.batch_size = 0, .verbose = 0}));
  CHECK_THROWS_TEXT(ValueError, "expected verbose of 0, 1 or 2", model.fit(data.x, data.y, {.verbose = 3}));
  CHECK_THROWS_TEXT(ValueError, "0 <= validation_split < 1",
                    model.fit(data.x, data.y, {.verbose = 0, .validation_split = 1}));
  CHECK_THROWS_TEXT(ValueError, "class_weight needs one label per sample",
                    model.fit(data.x, reshape(data.y, {64, 1, 1}), {.verbose = 0, .class_weight = {{0, 2.0}}}));
  CHECK(model.optimizer().iterations() == 0);
}

TEST_CASE("fit: steps_per_epoch, and dropout only while training") {
  Sequential model{layers::Dropout(0.5), Dense(1, {.use_bias = false, .kernel_initializer = "ones"})};
  model.compile(optimizers::SGD({.learning_rate = 0}), "mse");
  random::set_seed(3);
  const Tensor x = ones({100, 1}), y = ones({100, 1});
  const auto history =
      model.fit(x, y, {.batch_size = 10, .verbose = 0, .validation_data = {x, y}, .steps_per_epoch = 4});
  CHECK(history["loss"][0] > 0.5);  // each output is 0 or 2
  CHECK(history["val_loss"][0] == 0);
  CHECK(model.optimizer().iterations() == 4);
}

TEST_CASE("fit: compile again starts anew; handles are the same model, clones are not compiled") {
  const Line data;
  auto model = linear();
  model.compile("sgd", "mse");
  model.fit(data.x, data.y, {.verbose = 0});
  Sequential handle = model;
  CHECK(handle.optimizer().iterations() == 2);
  model.compile("sgd", "mae", {"mse"});
  CHECK(model.optimizer().iterations() == 0);
  CHECK(model.evaluate(data.x, data.y, {.verbose = 0}).size() == 2);
  CHECK_FALSE(clone(model).compiled());
}

}  // namespace
}  // namespace xtape
