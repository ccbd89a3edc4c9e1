#include "xtape/base/any_of.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/callbacks/terminate_on_nan.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/losses/any_loss.hpp"
#include "xtape/metrics/any_metric.hpp"
#include "xtape/models/callback.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/optimizers/any_optimizer.hpp"
#include "xtape/optimizers/loss_scale_optimizer.hpp"

using namespace xtape;

namespace {

/// As a member of a user's class: empty at first, given later.
struct Training {
  AnyLoss loss;
  AnyOptimizer optimizer;
  AnyMetric metric;
  AnyCallback callback;
};

}  // namespace

TEST_CASE("handles of any class: empty by default, then an object that copies share") {
  Training training;
  CHECK_FALSE((training.loss || training.optimizer || training.metric || training.callback));
  CHECK(training.loss.get() == nullptr);
  CHECK_THROWS_TEXT(ValueError, "[AnyLoss] there is no loss", training.loss->name());
  CHECK_THROWS_TEXT(ValueError, "[AnyOptimizer] there is no optimizer", training.optimizer->name());
  CHECK_THROWS_TEXT(ValueError, "[AnyMetric] there is no metric", training.metric->name());
  CHECK_THROWS_TEXT(ValueError, "[AnyMetric] there is no metric", training.metric.metric({2}, {2}));
  CHECK_THROWS_TEXT(ValueError, "[AnyCallback] there is no callback", training.callback->on_train_begin());

  training = {"mse", "adam", "mae", callbacks::TerminateOnNaN()};
  CHECK((training.loss && training.optimizer && training.metric && training.callback));
  CHECK(training.loss->name() == "mean_squared_error");
  CHECK(training.optimizer->name() == "adam");
  CHECK(training.metric.by_name());
  CHECK(training.metric.metric({2}, {2})->name() == "mae");
  const Training copy = training;
  CHECK(&*copy.optimizer == &*training.optimizer);
  CHECK(&*copy.callback == &*training.callback);
}

TEST_CASE("handles of any class: a null pointer is refused, and so is an empty handle where one is needed") {
  CHECK_THROWS_TEXT(ValueError, "[AnyLoss] expected a loss, received a null pointer",
                    AnyLoss(std::shared_ptr<losses::Loss>()));
  CHECK_THROWS_TEXT(ValueError, "[AnyMetric] expected a metric, received a null pointer",
                    AnyMetric(std::shared_ptr<metrics::PredictionMetric>()));
  CHECK_THROWS_TEXT(ValueError, "[AnyCallback] expected a callback, received a null pointer",
                    AnyCallback(static_cast<Callback*>(nullptr)));
  Sequential model(layers::Dense(1));
  CHECK_THROWS_TEXT(ValueError, "[AnyOptimizer] there is no optimizer", model.compile({.optimizer = AnyOptimizer()}));
  CHECK_THROWS_TEXT(ValueError, "[AnyOptimizer] there is no optimizer", optimizers::LossScaleOptimizer(AnyOptimizer()));
}
