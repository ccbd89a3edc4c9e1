#include <cmath>
#include <limits>

#include "callbacks/tiny_model.hpp"
#include "support/check.hpp"
#include "support/stdout_capture.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/callbacks/learning_rate_scheduler.hpp"
#include "xtape/callbacks/reduce_lr_on_plateau.hpp"
#include "xtape/optimizers/schedules/decay.hpp"

namespace xtape {
namespace {

using callbacks::LearningRateScheduler;
using callbacks::ReduceLROnPlateau;
using callbacks::ReduceLROnPlateauOptions;
using testing::drive;
using testing::StdoutCapture;
using testing::tiny_model;
using testing::WarningCapture;

/// The learning rate after each epoch.
std::vector<double> rates(const ReduceLROnPlateauOptions& options, const std::vector<double>& values) {
  auto model = tiny_model();
  ReduceLROnPlateau callback(options);
  callback.set_model(model);
  callback.on_train_begin();
  std::vector<double> result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    callback.on_epoch_end(static_cast<int>(i), {{options.monitor, values[i]}});
    result.push_back(model.optimizer().learning_rate());
  }
  return result;
}

TEST_CASE("ReduceLROnPlateau: patience, min_lr and cooldown") {
  // The numbers of epochs and rates: keras/src/callbacks/reduce_lr_on_plateau_test.py.
  const std::vector<double> flat(4, 1.0);
  CHECK_CLOSE(rates({.patience = 1}, {1, 1}), {0.1, 0.01});
  CHECK_CLOSE(rates({.patience = 1, .min_lr = 0.005}, flat), {0.1, 0.01, 0.005, 0.005});
  CHECK_CLOSE(rates({.patience = 1, .cooldown = 2}, flat), {0.1, 0.01, 0.01, 0.001});
  CHECK_CLOSE(rates({.factor = 0.5, .patience = 2}, {1, 1, 1, 1, 1, 1}), {0.1, 0.1, 0.05, 0.05, 0.025, 0.025});
  CHECK_CLOSE(rates({.factor = 0.5, .patience = 2}, {1, 1, 0.5, 0.5, 0.4, 0.4}), {0.1, 0.1, 0.1, 0.1, 0.1, 0.1});
  CHECK_CLOSE(rates({}, std::vector<double>(11, 1.0)),
              {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.01});  // Keras's defaults: after ten of them
}

TEST_CASE("ReduceLROnPlateau: what counts as an improvement") {
  CHECK_CLOSE(rates({.patience = 1}, {1, 0.99995}), {0.1, 0.01});  // less than min_delta, 1e-4
  CHECK_CLOSE(rates({.patience = 1}, {1, 0.9998}), {0.1, 0.1});
  CHECK_CLOSE(rates({.monitor = "acc", .patience = 1}, {1, 2, 2}), {0.1, 0.1, 0.01});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_CLOSE(rates({.patience = 2}, {nan, nan, 1, nan, 0.5}), {0.1, 0.01, 0.01, 0.01, 0.01});
}

TEST_CASE("ReduceLROnPlateau: each training begins anew") {
  auto model = tiny_model();
  ReduceLROnPlateau callback({.patience = 1, .cooldown = 5});
  drive(callback, model, "val_loss", {1, 1});
  CHECK(callback.in_cooldown());
  CHECK(callback.best() == 1.0);
  callback.on_train_begin();
  CHECK_FALSE(callback.in_cooldown());
  CHECK_FALSE(callback.best().has_value());
  CHECK(model.optimizer().learning_rate() == doctest::Approx(0.01));
}

TEST_CASE("ReduceLROnPlateau: warnings, errors and messages") {
  CHECK_THROWS_TEXT(ValueError, "[ReduceLROnPlateau] does not support a factor below 0 or >= 1.0, received factor=1",
                    ReduceLROnPlateau({.factor = 1}));
  CHECK_THROWS_TEXT(ValueError, "factor=nan", ReduceLROnPlateau({.factor = std::numeric_limits<double>::quiet_NaN()}));
  auto model = tiny_model();
  ReduceLROnPlateau callback({.patience = 1, .verbose = 1});
  {
    WarningCapture warnings;
    drive(callback, model, "loss", {1, 1, 1});
    CHECK(warnings.text() ==
          "Learning rate reduction is conditioned on metric `val_loss` which is not available. Available metrics are: "
          "loss,learning_rate.\n");
  }
  StdoutCapture out;
  model.optimizer().set_learning_rate(0.5);
  drive(callback, model, "val_loss", {1, 1});
  CHECK(out.text() == "\nEpoch 2: ReduceLROnPlateau reducing learning rate to 0.05.\n");
  model.compile(optimizers::SGD({.learning_rate = optimizers::schedules::ExponentialDecay(0.1, 10, 0.5)}), "mse");
  CHECK_THROWS_TEXT(TypeError, "This optimizer was created with a `LearningRateSchedule`",
                    drive(callback, model, "val_loss", {1, 1}));
}

TEST_CASE("ReduceLROnPlateau: in fit") {
  auto model = tiny_model();
  const Tensor x = ones({2, 1}), y = ones({2, 1});  // the loss is 0 all the time
  const auto history = model.fit(x, y,
                                 {.epochs = 4,
                                  .verbose = 0,
                                  .callbacks = {ReduceLROnPlateau({.patience = 1, .cooldown = 2})},
                                  .validation_data = {x, y}});
  CHECK_CLOSE(history["learning_rate"], {0.1, 0.1, 0.01, 0.01});  // each epoch's own, before it is reduced
  CHECK(model.optimizer().learning_rate() == doctest::Approx(0.001));
}

TEST_CASE("LearningRateScheduler: Keras's example") {
  auto model = tiny_model();
  model.optimizer().set_learning_rate(0.01);
  const Tensor x = ones({2, 1}), y = ones({2, 1});
  const LearningRateScheduler scheduler(
      [](int epoch, double rate) { return epoch < 10 ? rate : rate * std::exp(-0.1); });
  const auto history = model.fit(x, y, {.epochs = 15, .verbose = 0, .callbacks = {scheduler}});
  CHECK(history["learning_rate"].front() == 0.01);
  CHECK(history["learning_rate"][9] == 0.01);
  CHECK(history["learning_rate"].back() == doctest::Approx(0.01 * std::exp(-0.5)));
  CHECK(std::round(model.optimizer().learning_rate() * 1e5) / 1e5 == doctest::Approx(0.00607));
}

TEST_CASE("LearningRateScheduler: the rate holds from the epoch's first batch on, and is said") {
  auto model = tiny_model();
  LearningRateScheduler scheduler([](int epoch) { return 1.0 / (1 + epoch); }, {.verbose = 1});
  StdoutCapture out;
  drive(scheduler, model, "loss", {1, 1});
  CHECK(out.text() ==
        "\nEpoch 1: LearningRateScheduler setting learning rate to 1.0.\n"
        "\nEpoch 2: LearningRateScheduler setting learning rate to 0.5.\n");
  // One step of w -= 0.25 * 2 w
  model.set_weights({ones({1, 1})});
  model.fit(ones({2, 1}), zeros({2, 1}),
            {.verbose = 0, .callbacks = {LearningRateScheduler([](int, double) { return 0.25; })}});
  CHECK(testing::weight_of(model) == doctest::Approx(0.5));
}

TEST_CASE("LearningRateScheduler: errors") {
  auto model = tiny_model();
  LearningRateScheduler bad([](int, double rate) { return rate / 0.0; });
  CHECK_THROWS_TEXT(ValueError, "[LearningRateScheduler] the output of the `schedule` function should be a finite",
                    drive(bad, model, "loss", {1}));
  CHECK(model.optimizer().learning_rate() == 0.1);
  CHECK_THROWS_TEXT(ValueError, "received an empty function",
                    LearningRateScheduler(std::function<double(int, double)>()));
  CHECK_THROWS_TEXT(ValueError, "received an empty function", LearningRateScheduler(std::function<double(int)>()));
  model.compile(optimizers::SGD({.learning_rate = optimizers::schedules::ExponentialDecay(0.1, 10, 0.5)}), "mse");
  LearningRateScheduler constant([](int) { return 0.1; });
  CHECK_THROWS_TEXT(TypeError, "This optimizer was created with a `LearningRateSchedule`",
                    drive(constant, model, "loss", {1}));
}

}  // namespace
}  // namespace xtape
