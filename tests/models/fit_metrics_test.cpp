// Models with their own metrics and steps.
#include <memory>
#include <thread>
#include <vector>

#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/callbacks/backup_and_restore.hpp"
#include "xtape/callbacks/early_stopping.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/metrics/mean.hpp"
#include "xtape/metrics/sum.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/sgd.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

using Numbers = std::vector<double>;

/// Its own steps, and no call(): the metric is the mean of all x that it sees, in testing ten times that.
struct Averager : Model {
  std::shared_ptr<metrics::Mean> mean = track(metrics::Mean("mean_of_x"));

 protected:
  Logs train_step(const TrainBatch& batch) override {
    mean->update_state(batch.x.only());
    return {{"mean_of_x", mean->result()}};
  }
  Logs test_step(const TrainBatch& batch) override {
    mean->update_state(batch.x.only() * 10);
    return {{"mean_of_x", mean->result()}};
  }
  TensorList predict_step(const TensorList& x) override { return x[0] + 1; }
};

/// 0, 1, ..., 7
Tensor eight() { return reshape(arange(0, 8, 1, float32), {8, 1}); }

TEST_CASE("metrics of a model's own begin anew in every epoch, validation and evaluation") {
  Averager model;
  model.compile();
  const auto history = model.fit(eight(), {.batch_size = 2,
                                           .epochs = 3,
                                           .verbose = 0,
                                           .validation_data = {constant({{1.0F}, {2.0F}})},
                                           .validation_batch_size = 1});
  CHECK(history["mean_of_x"] == Numbers{3.5, 3.5, 3.5});
  CHECK(history["val_mean_of_x"] == Numbers{15, 15, 15});
  CHECK(model.evaluate(eight(), {.batch_size = 3, .verbose = 0})["mean_of_x"] == doctest::Approx(35));
  CHECK(model.evaluate(eight(), {.batch_size = 3, .verbose = 0})["mean_of_x"] == doctest::Approx(35));
  CHECK(model.train_on_batch(full({1, 1}, 5.0F))["mean_of_x"] == 5);
  CHECK(model.test_on_batch(full({1, 1}, 5.0F))["mean_of_x"] == 50);
  CHECK(model.metrics().back() == model.mean);
  model.reset_metrics();
  CHECK(model.mean->result() == 0);
  // A copy is the same model; a clone has its own list.
  Averager copy = model;
  (void)copy.test_on_batch(full({1, 1}, 2.0F));
  CHECK(model.mean->result() == 20);
  CHECK_THROWS_TEXT(ValueError, "[Model.track] expected a metric, received a null pointer", [] {
    struct Null : Model {
      std::shared_ptr<metrics::Mean> none = track(std::shared_ptr<metrics::Mean>());
    } null;
  }());
}

TEST_CASE("steps of a model's own need no call(): fit, evaluate, predict") {
  Averager model;
  model.compile();
  model.fit(eight(), {.verbose = 0, .callbacks = {callbacks::EarlyStopping({.monitor = "mean_of_x", .mode = "min"})}});
  CHECK_FALSE(model.built());
  CHECK_CLOSE(model.predict(constant({{1.0F}, {2.0F}, {3.0F}})), {2.0, 3.0, 4.0});
  CHECK_CLOSE(model.predict(constant({{1.0F}, {2.0F}, {3.0F}}), {.batch_size = 2}), {2.0, 3.0, 4.0});
}

/// A generator and a discriminator: call() takes other inputs than the training.
struct Gan : Model {
  layers::Dense generator = track(layers::Dense(4, {.kernel_initializer = "ones"}));
  layers::Dense critic = track(layers::Dense(1, {.kernel_initializer = "ones"}));
  std::shared_ptr<metrics::Mean> distance = track(std::make_shared<metrics::Mean>("distance"));
  Tensor call(const Tensor& noise) override { return generator(noise); }

 protected:
  Logs train_step(const TrainBatch& batch) override {
    const Tensor& real = batch.x.only();
    const Tensor noise = ones({real.shape()[0], 2});
    GradientTape tape;
    const Tensor loss = reduce_mean(square(critic(real) - critic((*this)(noise))));
    const auto gradients = tape.gradient(loss, trainable_variables());
    optimizer().apply_gradients(zip(gradients, trainable_variables()));
    distance->update_state(loss);
    return get_metrics_result();
  }
};

TEST_CASE("fit with a train_step of its own does not call the model on the data") {
  Gan model;
  model.compile(optimizers::SGD({.learning_rate = 0}));
  const auto history = model.fit(ones({6, 4}), {.batch_size = 3, .epochs = 2, .verbose = 0});
  // critic(real) = 4, critic(fake) = 4 * 2
  CHECK(history["distance"] == Numbers{16, 16});
  CHECK(model.generator.kernel().shape() == Shape{2, 4});
}

TEST_CASE("metrics: overridden, and those that a default step reports") {
  struct WithTotal : Model {
    layers::Dense dense = track(layers::Dense(1, {.use_bias = false, .kernel_initializer = "ones"}));
    std::shared_ptr<metrics::Sum> total = std::make_shared<metrics::Sum>("total");
    std::shared_ptr<metrics::Mean> mean = track(metrics::Mean("mean"));
    Tensor call(const Tensor& x) override {
      total->update_state(x);
      mean->update_state(x);
      return dense(x);
    }
    std::vector<std::shared_ptr<metrics::Metric>> metrics() const override {
      auto all = Model::metrics();
      all.push_back(total);
      return all;
    }
  };
  WithTotal model;
  model.compile(optimizers::SGD({.learning_rate = 0}), "mae", {"mse"});
  Numbers totals;
  struct Watch : Callback {
    WithTotal* of;
    Numbers* to;
    void on_epoch_end(int, const Logs&) override { to->push_back(of->total->result()); }
  } watch;
  watch.of = &model;
  watch.to = &totals;
  const auto history =
      model.fit(eight(), zeros({8, 1}), {.batch_size = 3, .epochs = 2, .verbose = 0, .callbacks = {&watch}});
  CHECK(totals == Numbers{28, 28});
  CHECK(history["mean"] == Numbers{3.5, 3.5});
  CHECK(history["loss"][1] == doctest::Approx(3.5));
  CHECK(history["mse"][1] == doctest::Approx(140.0 / 8));
  const Logs results = model.get_metrics_result();
  CHECK(results["total"] == 28);
  CHECK(results["mse"] == doctest::Approx(140.0 / 8));
  CHECK(model.metrics().size() == 4);
  // Also those that metrics() leaves out.
  struct OnlyOwn : Averager {
    std::vector<std::shared_ptr<metrics::Metric>> metrics() const override { return {}; }
  };
  OnlyOwn own;
  own.compile();
  CHECK(own.metrics().empty());
  (void)own.train_on_batch(full({1, 1}, 5.0F));
}

TEST_CASE("fit: a callback that restores weights has the model built first, and changes nothing else") {
  struct Net : Model {
    layers::Dense dense = track(layers::Dense(1));
    Tensor call(const Tensor& x) override { return dense(x); }
  };
  const testing::TempDir folder;
  const Tensor x = eight() / 8, y = x * 2;
  const auto trained = [&](int epochs, std::vector<AnyCallback> callbacks) {
    random::set_seed(11);
    Net model;
    model.compile(optimizers::SGD({.learning_rate = 0.1}), "mse");
    model.fit(x, y, {.batch_size = 3, .epochs = epochs, .verbose = 0, .callbacks = std::move(callbacks)});
    return model.get_weights();
  };
  const auto plain = trained(4, {});
  const auto backup = [&] { return callbacks::BackupAndRestore(folder / "backup", {.delete_checkpoint = false}); };
  (void)trained(2, {backup()});
  const auto resumed = trained(4, {backup()});
  CHECK_TENSOR_EQ(resumed[0], plain[0]);
  CHECK_TENSOR_EQ(resumed[1], plain[1]);
  // A model that cannot be built in this way says what to do.
  Averager other;
  other.compile();
  CHECK_THROWS_TEXT(RuntimeError, "overrides neither call() nor call_list()",
                    other.fit(x, {.verbose = 0, .callbacks = {backup()}}));
}

TEST_CASE("evaluate and predict from several threads at once: each has its own figures") {
  Sequential model(layers::Dense(1, {.use_bias = false, .kernel_initializer = "ones"}));
  model.build_for({-1, 1});
  model.compile("sgd", "mae", {"mse"});
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    threads.emplace_back([&, i] {
      const double value = 1.0 + static_cast<double>(i);
      const Tensor x = full({12, 1}, value, float32);
      for (int round = 0; round < 20; ++round) {
        const Logs logs = model.evaluate(x, zeros({12, 1}), {.batch_size = 5, .verbose = 0});
        wrong[i] += logs["loss"] != value || logs["mse"] != value * value;
        wrong[i] += model.predict(x, {.batch_size = 5}).shape() != Shape{12, 1};
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

}  // namespace
}  // namespace xtape
