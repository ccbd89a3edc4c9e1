#include "xtape/optimizers/schedule_free_adamw.hpp"

#include <algorithm>
#include <cmath>

#include "callbacks/tiny_model.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/callbacks/lambda_callback.hpp"
#include "xtape/callbacks/swap_ema_weights.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/optimizers/loss_scale_optimizer.hpp"

using namespace xtape;
using optimizers::ScheduleFreeAdamW;

TEST_CASE("ScheduleFreeAdamW: the paper's algorithm, which keeps x, y and z, over many steps") {
  const double rate = 0.05, beta_1 = 0.8, beta_2 = 0.9, epsilon = 1e-3, decay = 0.2;
  for (const int warmup : {0, 6}) {
    for (const bool decays : {false, true}) {
      CAPTURE(warmup);
      CAPTURE(decays);
      ScheduleFreeAdamW optimizer(
          {.learning_rate = rate, .beta_1 = beta_1, .beta_2 = beta_2, .epsilon = epsilon, .warmup_steps = warmup});
      if (decays) {
        optimizer = ScheduleFreeAdamW({.learning_rate = rate,
                                       .beta_1 = beta_1,
                                       .beta_2 = beta_2,
                                       .epsilon = epsilon,
                                       .warmup_steps = warmup,
                                       .weight_decay = decay});
      }
      std::vector<double> x = {1.0, -2.0, 0.5}, y = x, z = x, v = {0, 0, 0};
      const Variable w(constant(x, {3}), {.name = "w"});
      for (int t = 1; t <= 20; ++t) {
        const std::vector<double> g = {std::sin(t), 3 * std::cos(2 * t), 0.1 * t - 0.3};
        optimizer.apply_gradients(zip({constant(g, {3})}, {w}));
        const double now = warmup == 0 ? rate : rate * std::min(1.0, t / 6.0);
        for (std::size_t i = 0; i < 3; ++i) {
          // Keras decays y, in which x is kept.
          if (decays) x[i] -= decay * rate * y[i] / beta_1;
          v[i] = beta_2 * v[i] + (1 - beta_2) * g[i] * g[i];
          z[i] -= now * g[i] / (std::sqrt(v[i] / (1 - std::pow(beta_2, t))) + epsilon);
          x[i] = (1 - 1.0 / t) * x[i] + z[i] / t;
          y[i] = (1 - beta_1) * z[i] + beta_1 * x[i];
        }
        CHECK_CLOSE(w, y, 1e-13, 1e-13);
        CHECK_CLOSE(optimizer.average(w), x, 1e-13, 1e-13);
      }
      const auto state = optimizer.variables();
      REQUIRE(state.size() == 4);
      CHECK(state[2].name() == "schedule_free_adamw/w_momentum");
      CHECK_CLOSE(state[2], z, 1e-13, 1e-13);
      CHECK(state[3].name() == "schedule_free_adamw/w_velocity");
      CHECK_CLOSE(state[3], v, 1e-13, 1e-13);
    }
  }
}

TEST_CASE("ScheduleFreeAdamW: with steps of one size, x is the mean of the points of z") {
  // A constant gradient with epsilon = 0 moves z by exactly the rate: z = 3 - t / 2, whose mean is 3 - (t + 1) / 4.
  ScheduleFreeAdamW optimizer({.learning_rate = 0.5, .epsilon = 0});
  const Variable w(constant({3.0}, float64));
  for (int t = 1; t <= 9; ++t) {
    optimizer.apply_gradients(zip({constant({4.0}, float64)}, {w}));
    CHECK_CLOSE(optimizer.average(w), {3 - (t + 1) / 4.0}, 1e-13);
    CHECK_CLOSE(w, {0.1 * (3 - t / 2.0) + 0.9 * (3 - (t + 1) / 4.0)}, 1e-13, 1e-13);
  }
}

TEST_CASE("ScheduleFreeAdamW: z begins as the variable, and the variable is not changed by building") {
  ScheduleFreeAdamW optimizer;
  const Variable w(constant({3.0, 4.0}));
  optimizer.build(std::vector<Variable>{w});
  CHECK_TENSOR_EQ(optimizer.variables()[2].peek(), w.peek());
  CHECK_CLOSE(optimizer.average(w), {3.0, 4.0}, 1e-6);
  optimizer.apply_gradients(zip({constant({1.0, 0.0})}, {w}));
  CHECK_CLOSE(w, {3.0 - 0.0025, 4.0}, 1e-6);
  CHECK_THROWS_TEXT(ValueError, "Unknown variable: 'other'", optimizer.average(Variable(ones({2}), {.name = "other"})));
}

TEST_CASE("ScheduleFreeAdamW: SwapEMAWeights evaluates at its averages, and training goes on where it was") {
  const Tensor x = ones({2, 1}), y = zeros({2, 1});
  for (const bool scaled : {false, true}) {
    CAPTURE(scaled);
    // The gradients of the square are positive while w is, and each step of z has nearly the length of the rate.
    auto free = std::make_shared<ScheduleFreeAdamW>(
        optimizers::ScheduleFreeAdamWOptions{.learning_rate = 0.125, .beta_1 = 0.5, .beta_2 = 0, .epsilon = 0});
    auto model = testing::tiny_model();
    if (scaled) {
      model.compile(optimizers::LossScaleOptimizer(free), "mse");
    } else {
      model.compile(free, "mse");
    }
    std::vector<double> at_batch;
    const callbacks::LambdaCallback look(
        {.on_train_batch_begin = [&](std::int64_t) { at_batch.push_back(testing::weight_of(model)); }});
    const auto history = model.fit(
        x, y, {.epochs = 3, .verbose = 0, .callbacks = {callbacks::SwapEMAWeights(), look}, .validation_data = {x, y}});
    // z = 7/8, 6/8, 5/8; x = 14/16, 13/16, 12/16; w = 14/16, 25/32, 22/32
    CHECK_CLOSE(history["val_loss"], {0.875 * 0.875, 0.8125 * 0.8125, 0.75 * 0.75}, 1e-6);
    CHECK_CLOSE(at_batch, {1, 0.875, 0.78125}, 1e-6);
    CHECK(testing::weight_of(model) == doctest::Approx(0.6875).epsilon(1e-6));
  }
}

TEST_CASE("ScheduleFreeAdamW: wrong options are refused") {
  CHECK_THROWS_TEXT(ValueError, "[ScheduleFreeAdamW] expected beta_1 and beta_2 in [0, 1), received 1 and 0.999",
                    ScheduleFreeAdamW({.beta_1 = 1}));
  CHECK_THROWS_TEXT(ValueError, "[ScheduleFreeAdamW] expected beta_1 > 0, received 0",
                    ScheduleFreeAdamW({.beta_1 = 0}));
  CHECK_THROWS_TEXT(ValueError, "[ScheduleFreeAdamW] expected warmup_steps >= 0, received -1",
                    ScheduleFreeAdamW({.warmup_steps = -1}));
}
