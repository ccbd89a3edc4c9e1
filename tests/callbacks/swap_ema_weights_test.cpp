#include "xtape/callbacks/swap_ema_weights.hpp"

#include "callbacks/tiny_model.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/callbacks/lambda_callback.hpp"
#include "xtape/optimizers/loss_scale_optimizer.hpp"
#include "xtape/optimizers/multi_optimizer.hpp"

namespace xtape {
namespace {

using callbacks::SwapEMAWeights;
using testing::tiny_model;
using testing::weight_of;

// w -= 0.25 * 2 w: w is 0.5 after the first step, 0.25 after the second, ... The average begins as 0.5 and then is
// 0.5 average + 0.5 w: 0.375 after the second step, 0.25 after the third.
optimizers::SGD averaging() { return optimizers::SGD({.learning_rate = 0.25, .use_ema = true, .ema_momentum = 0.5}); }

TEST_CASE("SwapEMAWeights: validations see the averages, training does not") {
  const Tensor x = ones({2, 1}), y = zeros({2, 1});
  for (const bool on_epoch : {false, true}) {
    for (const int wrapped : {0, 1, 2}) {
      CAPTURE(on_epoch);
      CAPTURE(wrapped);
      auto model = tiny_model();
      if (wrapped == 0) model.compile(averaging(), "mse");
      if (wrapped == 1) model.compile(optimizers::LossScaleOptimizer(averaging()), "mse");
      if (wrapped == 2) {
        model.compile(optimizers::MultiOptimizer(optimizers::OptimizerMap("adam", {{".*/kernel", averaging()}})),
                      "mse");
      }
      std::vector<double> at_end, at_batch;
      const callbacks::LambdaCallback look(
          {.on_epoch_end = [&](int, const Logs&) { at_end.push_back(weight_of(model)); },
           .on_train_batch_begin = [&](std::int64_t) { at_batch.push_back(weight_of(model)); }});
      const auto history = model.fit(x, y,
                                     {.epochs = 3,
                                      .verbose = 0,
                                      .callbacks = {SwapEMAWeights({.swap_on_epoch = on_epoch}), look},
                                      .validation_data = {x, y}});
      CHECK_CLOSE(history["val_loss"], {0.25, 0.375 * 0.375, 0.0625});
      CHECK_CLOSE(at_batch, {1, 0.5, 0.25});
      if (on_epoch) CHECK_CLOSE(at_end, {0.5, 0.375, 0.25});
      if (!on_epoch) CHECK_CLOSE(at_end, {0.5, 0.25, 0.125});
      CHECK(weight_of(model) == 0.25);  // the optimizer's last word
    }
  }
}

TEST_CASE("SwapEMAWeights: the averages when another callback ends the training; predict; nothing before a step") {
  auto model = tiny_model();
  model.compile(averaging(), "mse");
  const Tensor x = ones({2, 1}), y = zeros({2, 1});
  SwapEMAWeights swap({.swap_on_epoch = true});
  CHECK(model.evaluate(x, y, {.verbose = 0, .callbacks = {&swap}})["loss"] == 1);
  const callbacks::LambdaCallback stop({.on_epoch_end = [&](int epoch, const Logs&) {
    if (epoch == 1) model.set_stop_training(true);
  }});
  model.fit(x, y, {.epochs = 9, .verbose = 0, .callbacks = {&swap, stop}});
  CHECK(weight_of(model) == 0.375);
  testing::set_weight(model, 7);
  CHECK_CLOSE(model.predict(x, {.callbacks = {&swap}}), {0.375, 0.375});
  CHECK(weight_of(model) == 7);
  CHECK(model.evaluate(x, y, {.verbose = 0, .callbacks = {&swap}})["loss"] == doctest::Approx(0.375 * 0.375));
  CHECK(weight_of(model) == 7);
  swap.on_test_begin();
  swap.on_predict_begin();
  CHECK(weight_of(model) == 0.375);
  swap.on_predict_end();
  CHECK(weight_of(model) == 7);
}

TEST_CASE("SwapEMAWeights: an optimizer without averages") {
  auto model = tiny_model();
  const Tensor x = ones({2, 1}), y = zeros({2, 1});
  CHECK_THROWS_TEXT(ValueError, "[SwapEMAWeights] must be used when `use_ema = true` is set on the optimizer",
                    model.fit(x, y, {.verbose = 0, .callbacks = {SwapEMAWeights()}, .validation_data = {x, y}}));
}

}  // namespace
}  // namespace xtape
