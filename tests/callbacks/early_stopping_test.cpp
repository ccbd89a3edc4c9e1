#include "xtape/callbacks/early_stopping.hpp"

#include <algorithm>
#include <limits>

#include "callbacks/tiny_model.hpp"
#include "support/check.hpp"
#include "support/stdout_capture.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/callbacks/reduce_lr_on_plateau.hpp"
#include "xtape/metrics/auc.hpp"
#include "xtape/metrics/mean_metric_wrapper.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape {
namespace {

using callbacks::EarlyStopping;
using testing::drive;
using testing::StdoutCapture;
using testing::tiny_model;
using testing::WarningCapture;
using testing::weight_of;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("EarlyStopping: patience") {
  // keras/src/callbacks/early_stopping_test.py, test_early_stopping_patience
  const std::vector<double> losses{10.0, 9.0, 8.0, 9.0, 8.9, 8.8, 8.7, 8.6, 8.5};
  auto model = tiny_model();
  for (const int patience : {0, 1, 2, 3}) {
    CAPTURE(patience);
    EarlyStopping stopper({.monitor = "loss", .patience = patience});
    const int epochs = drive(stopper, model, "loss", losses);
    CHECK(stopper.stopped_epoch() == std::max(patience, 1) + 2);
    CHECK(epochs == stopper.stopped_epoch() + 1);
    CHECK(stopper.best() == 8.0);
    CHECK(stopper.best_epoch() == 2);
    CHECK(weight_of(model) == stopper.stopped_epoch());
  }
  EarlyStopping patient({.monitor = "loss", .patience = 7});
  CHECK(drive(patient, model, "loss", losses) == 9);
  CHECK(patient.stopped_epoch() == 0);
  CHECK_FALSE(model.stop_training());
}

TEST_CASE("EarlyStopping: the weights of the best epoch, of those above the baseline too") {
  // keras/src/callbacks/early_stopping_test.py, test_early_stopping_final_weights_when_restoring_model_weights
  auto model = tiny_model();
  EarlyStopping stopper({.patience = 2, .restore_best_weights = true});
  CHECK(drive(stopper, model, "val_loss", {0.2, 0.15, 0.1, 0.11, 0.12}) == 5);
  CHECK(weight_of(model) == 2);
  EarlyStopping with_baseline({.patience = 5, .baseline = 0.5, .restore_best_weights = true});
  const std::vector<double> losses{0.9, 0.8, 0.7, 0.71, 0.72, 0.73};
  CHECK(drive(with_baseline, model, "val_loss", losses) == 5);
  CHECK(with_baseline.stopped_epoch() == 4);
  CHECK(weight_of(model) == 2);
  // Another callback ends the training after the fourth epoch.
  CHECK(drive(with_baseline, model, "val_loss", {0.9, 0.8, 0.7, 0.71}) == 4);
  CHECK(with_baseline.stopped_epoch() == 0);
  CHECK(weight_of(model) == 2);
}

TEST_CASE("EarlyStopping: only what beats the baseline starts the patience anew") {
  auto model = tiny_model();
  EarlyStopping stopper({.patience = 2, .baseline = 0.5});
  CHECK(drive(stopper, model, "val_loss", {0.9, 0.4, 0.45, 0.45, 0.45}) == 4);
  CHECK(drive(stopper, model, "val_loss", {0.9, 0.8, 0.85, 0.85, 0.85}) == 3);
}

TEST_CASE("EarlyStopping: start_from_epoch, min_delta") {
  auto model = tiny_model();
  EarlyStopping late({.patience = 2, .start_from_epoch = 2});
  CHECK(drive(late, model, "val_loss", {1, 2, 3, 4, 5, 6}) == 5);
  CHECK(late.best() == 3.0);
  CHECK(late.best_epoch() == 2);
  EarlyStopping strict({.min_delta = -0.5, .patience = 1});  // its absolute value counts
  CHECK(drive(strict, model, "val_loss", {2, 1.25, 0.75, 0.0}) == 3);
  CHECK(strict.best() == 1.25);
  EarlyStopping upwards({.monitor = "acc", .min_delta = 0.5, .patience = 1});
  CHECK(drive(upwards, model, "acc", {0.0, 0.75, 1.25, 2}) == 3);  // 1.25 - 0.5 is not above 0.75
}

TEST_CASE("EarlyStopping: NaN is never the best value") {
  auto model = tiny_model();
  EarlyStopping stopper({.patience = 2, .restore_best_weights = true});
  CHECK(drive(stopper, model, "val_loss", {nan, 3.0, nan, 2.0, nan, nan, 1.0}) == 6);
  CHECK(stopper.best() == 2.0);
  CHECK(weight_of(model) == 3);
  CHECK(drive(stopper, model, "val_loss", {nan, nan, nan}) == 2);
  CHECK_FALSE(stopper.best().has_value());
  EarlyStopping upwards({.monitor = "auc"});
  CHECK(drive(upwards, model, "auc", {nan, nan}) == 2);
}

/// Whether the first of two values is kept as the better one.
double kept(const std::string& monitor, double first, double second, const std::string& mode = "auto") {
  auto model = tiny_model();
  EarlyStopping stopper({.monitor = monitor, .patience = 9, .mode = mode});
  drive(stopper, model, monitor, {first, second});
  return stopper.best().value();
}

TEST_CASE("EarlyStopping: what the mode auto makes of names") {
  for (const char* name : {"loss", "val_loss", "mse", "val_mean_absolute_error", "hinge", "kl_divergence",
                           "output_loss", "val_sparse_categorical_crossentropy", "log_cosh"}) {
    CAPTURE(name);
    CHECK(kept(name, 1, 2) == 1);
    CHECK(kept(name, 2, 1) == 1);
    CHECK(kept(name, 1, 2, "max") == 2);
  }
  for (const char* name : {"acc", "val_accuracy", "auc", "val_auc_1", "precision", "recall_at_precision", "f1_score",
                           "fbeta_score", "mean_io_u", "iou", "r2_score", "val_cosine_similarity", "head_accuracy",
                           "pearson_correlation", "sparse_top_k_categorical_accuracy"}) {
    CAPTURE(name);
    CHECK(kept(name, 1, 2) == 2);
    CHECK(kept(name, 2, 1) == 2);
    CHECK(kept(name, 1, 2, "min") == 1);
  }
  CHECK_THROWS_TEXT(ValueError,
                    "[EarlyStopping] callback received monitor=val_unknown, but xtape isn't able to automatically "
                    "determine whether that metric should be maximized or minimized. Pass mode \"max\"",
                    kept("val_unknown", 1, 2));
  CHECK_THROWS_TEXT(ValueError, "monitor=previous", kept("previous", 1, 2));  // "iou" is no word of it
  CHECK(kept("val_unknown", 1, 2, "max") == 2);
}

TEST_CASE("EarlyStopping: what the mode auto makes of metrics with names of their own") {
  const Tensor x = ones({2, 1}), y = constant({{0.0F}, {1.0F}});
  const auto best_of = [&](AnyMetric metric, const std::string& name) {
    auto model = tiny_model({std::move(metric)});
    model.evaluate(x, y, {.verbose = 0});
    EarlyStopping stopper({.monitor = "val_" + name, .patience = 9});
    drive(stopper, model, "val_" + name, {1, 2});
    return stopper.best().value();
  };
  CHECK(best_of(metrics::AUC({.name = "area"}), "area") == 2);
  const auto spread = [](const Tensor&, const Tensor& p) { return reduce_mean(p, {1}); };
  CHECK_THROWS_TEXT(ValueError, "monitor=val_spread", best_of(AnyMetric(spread, "spread"), "spread"));
}

TEST_CASE("EarlyStopping: an unknown mode, and a figure that is not there, are warned of once") {
  WarningCapture warnings;
  CHECK(kept("acc", 1, 2, "up") == 2);
  CHECK(warnings.text() == "[EarlyStopping] mode 'up' is unknown, fallback to auto mode.\n");
  warnings.clear();
  auto model = tiny_model();
  EarlyStopping stopper({.restore_best_weights = true});
  stopper.set_model(model);
  for (int training = 1; training <= 2; ++training) {
    stopper.on_train_begin();
    for (int epoch = 0; epoch < 3; ++epoch) stopper.on_epoch_end(epoch, {{"loss", 1}, {"mae", 2}});
    stopper.on_train_end({});
    CHECK(warnings.count() == static_cast<std::size_t>(training));
  }
  CHECK(warnings.messages()[0] ==
        "Early stopping conditioned on metric `val_loss` which is not available. Available metrics are: loss,mae");
  CHECK_FALSE(model.stop_training());
}

TEST_CASE("EarlyStopping: says what it does") {
  auto model = tiny_model();
  EarlyStopping stopper({.verbose = 1, .restore_best_weights = true});
  StdoutCapture out;
  drive(stopper, model, "val_loss", {1, 2});
  CHECK(out.text() == "Epoch 2: early stopping\nRestoring model weights from the end of the best epoch: 1.\n");
}

TEST_CASE("EarlyStopping: in fit, again and again") {
  // Keras's documentation: patience = 3 with a loss that stays the same, only 4 epochs are run.
  auto model = tiny_model();
  model.optimizer().set_learning_rate(0);
  EarlyStopping stopper({.monitor = "loss", .patience = 3});
  const Tensor x = ones({4, 1}), y = zeros({4, 1});
  for (int training = 0; training < 2; ++training) {
    const auto history = model.fit(x, y, {.epochs = 10, .verbose = 0, .callbacks = {&stopper}});
    CHECK(history["loss"].size() == 4);
    CHECK(stopper.stopped_epoch() == 3);
  }
  // A rate that is far too large: each epoch is worse than the one before.
  model.optimizer().set_learning_rate(3);
  const auto history = model.fit(x, y,
                                 {.epochs = 10,
                                  .verbose = 0,
                                  .callbacks = {EarlyStopping({.patience = 2, .restore_best_weights = true})},
                                  .validation_data = {x, y}});
  CHECK(history["val_loss"].size() == 3);
  CHECK(weight_of(model) == doctest::Approx(1 - 3 * 2));  // after one step of w -= 3 * 2 w
}

TEST_CASE("callbacks: the first options without their names") {
  CHECK(EarlyStopping("loss").monitor() == "loss");
  CHECK(EarlyStopping(std::string("val_auc"), {.patience = 2}).monitor() == "val_auc");
  CHECK(callbacks::ReduceLROnPlateau("loss", 0.5, 3).monitor() == "loss");
  CHECK_THROWS_TEXT(ValueError, "factor", callbacks::ReduceLROnPlateau("loss", 2));
  const AnyCallback stopping = EarlyStopping("loss");
  CHECK(static_cast<bool>(stopping));
}

}  // namespace
}  // namespace xtape
