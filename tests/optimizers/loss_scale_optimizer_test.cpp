#include "xtape/optimizers/loss_scale_optimizer.hpp"

#include <algorithm>
#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/indexed_slices.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/sgd.hpp"

using namespace xtape;
using namespace xtape::optimizers;

namespace {

const Tensor gradient = constant({1.0, 6.0, 7.0, 2.0}), infinite = full({4}, HUGE_VAL);

Variable start() { return Variable(constant({1.0, 2.0, 3.0, 4.0}), {.name = "v"}); }

}  // namespace

// The first numbers are those of keras/src/optimizers/loss_scale_optimizer_test.py.
TEST_CASE("loss scale: a finite step, whatever the inner optimizer's own loss scale") {
  for (const std::optional<double> inner : {std::optional<double>(), std::optional<double>(100)}) {
    LossScaleOptimizer optimizer(SGD({.learning_rate = 0.5, .loss_scale_factor = inner}));
    const Variable v = start();
    optimizer.apply_gradients(zip({gradient * 32768}, {v}));
    CHECK_CLOSE(v, constant({0.5, -1.0, -0.5, 3.0}));
    CHECK(optimizer.iterations() == 1);
    optimizer.apply(std::vector<Tensor>{gradient * 32768});
    CHECK_CLOSE(v, constant({0.0, -4.0, -4.0, 2.0}));
  }
}

TEST_CASE("loss scale: steps that are not finite are skipped, and halve the scale") {
  LossScaleOptimizer optimizer(Adam(), {.initial_scale = 400});
  const Variable v = start(), w(ones({4}));
  CHECK(optimizer.scale_loss(constant(1.0)).item() == 400);
  CHECK(optimizer.apply_gradients(zip({infinite, gradient}, {v, w})) == 0);
  for (const double bad : {-HUGE_VAL, static_cast<double>(NAN)}) {
    optimizer.apply_gradients(zip({gradient, constant({0.0, 0.0, bad, 0.0})}, {v, w}));
  }
  optimizer.apply_gradients(zip({Tensor(), infinite}, {v, w}));
  CHECK_SAME_BITS(v.peek(), start().peek());
  CHECK(optimizer.scale_loss(constant(1.0)).item() == 25);
  CHECK(optimizer.iterations() == 0);
  const Variable table(ones({3, 2}));
  LossScaleOptimizer sparse(SGD{}, {.initial_scale = 8});
  sparse.apply_gradients(
      zip({to_tensor({constant({{HUGE_VAL, 1.0}}), constant(std::vector<std::int64_t>{1}), {3, 2}})}, {table}));
  CHECK(sparse.dynamic_scale() == 4);
  CHECK_TENSOR_EQ(table.peek(), ones({3, 2}));
}

TEST_CASE("loss scale: it does not fall below 1") {
  for (const double initial : {4.0, 1.5, 0.25}) {
    LossScaleOptimizer optimizer(SGD(), {.initial_scale = initial});
    const Variable v = start();
    for (int i = 0; i < 5; ++i) optimizer.apply_gradients(zip({infinite}, {v}));
    CHECK(optimizer.dynamic_scale() == std::min(initial, 1.0));
  }
}

TEST_CASE("loss scale: finite steps in a row double it") {
  LossScaleOptimizer optimizer(SGD({.learning_rate = 0.5}), {.initial_scale = 2, .dynamic_growth_steps = 2});
  const Variable v = start();
  for (int i = 0; i < 8; ++i) {
    optimizer.apply_gradients(zip({gradient}, {v}));
    CHECK(optimizer.iterations() == i + 1);
  }
  CHECK(optimizer.dynamic_scale() == 32);
  optimizer.apply_gradients(zip({gradient}, {v}));
  optimizer.apply_gradients(zip({infinite}, {v}));
  CHECK(optimizer.dynamic_scale() == 16);
  optimizer.apply_gradients(zip({gradient}, {v}));
  CHECK(optimizer.dynamic_scale() == 16);  // the count began anew
  optimizer.apply_gradients(zip({gradient}, {v}));
  CHECK(optimizer.dynamic_scale() == 32);
}

TEST_CASE("loss scale: float64 gradients whose squares overflow are finite") {
  LossScaleOptimizer optimizer(SGD({.learning_rate = 1}), {.initial_scale = 1});
  const Variable v(constant({1.0}, float64));
  optimizer.apply_gradients(zip({constant({1e200}, float64)}, {v}));
  CHECK_CLOSE(v, {-1e200});
}

TEST_CASE("loss scale: it stands for the inner optimizer, and its variables hold all of the state") {
  const Variable v = start();
  LossScaleOptimizer optimizer(Adam({.learning_rate = 0.5, .use_ema = true}), {.dynamic_growth_steps = 3});
  CHECK(optimizer.learning_rate() == 0.5);
  optimizer.set_learning_rate(0.25);
  CHECK(optimizer.inner_optimizer()->learning_rate() == 0.25);
  CHECK(optimizer.minimize([&] { return reduce_sum(square(v)); }, {v}).item() == 30);
  CHECK_CLOSE(v, constant({0.75, 1.75, 2.75, 3.75}), 1e-5);  // Adam's first step has the length of its rate

  std::vector<std::string> names;
  const auto saved = optimizer.variables();
  for (const auto& variable : saved) names.push_back(variable.name());
  CHECK(names == std::vector<std::string>{"loss_scale_optimizer/iteration", "loss_scale_optimizer/learning_rate",
                                          "loss_scale_optimizer/step_counter", "loss_scale_optimizer/dynamic_scale",
                                          "adam/iteration", "adam/learning_rate", "adam/v_average", "adam/v_momentum",
                                          "adam/v_velocity"});
  const Variable w(v.peek() + 0, {.name = "v"});
  LossScaleOptimizer other(Adam({.use_ema = true}), {.initial_scale = 1, .dynamic_growth_steps = 3});
  other.build(std::vector<Variable>{w});
  auto restored = other.variables();
  for (std::size_t i = 0; i < saved.size(); ++i) restored[i].assign(saved[i]);
  for (int step = 0; step < 3; ++step) {
    optimizer.apply_gradients(zip({gradient * 1000}, {v}));
    other.apply_gradients(zip({gradient * 1000}, {w}));
    CHECK_SAME_BITS(v.peek(), w.peek());
    CHECK(optimizer.dynamic_scale() == other.dynamic_scale());
  }
  CHECK(other.dynamic_scale() == 65536);
  const Tensor average = other.variables()[6].peek() + 0;
  other.finalize_variable_values(std::vector<Variable>{w});
  CHECK_SAME_BITS(w.peek(), average);
}

TEST_CASE("loss scale: what is wrong changes nothing") {
  LossScaleOptimizer optimizer(SGD{}, {.initial_scale = 8});
  const Variable v = start();
  optimizer.apply_gradients(zip({gradient}, {v}));
  const Tensor before = v.peek() + 0;
  CHECK_THROWS_TEXT(ValueError, "has shape (3,), expected (4,)",
                    optimizer.apply_gradients(zip({full({3}, HUGE_VAL)}, {v})));
  CHECK_THROWS_TEXT(ValueError, "Unknown variable", optimizer.apply_gradients(zip({infinite}, {start()})));
  CHECK_THROWS_TEXT(ValueError, "No gradients provided", optimizer.apply_gradients(zip({Tensor()}, {v})));
  CHECK_SAME_BITS(v.peek(), before);
  CHECK(optimizer.dynamic_scale() == 8);
  CHECK_THROWS_TEXT(ValueError, "[LossScaleOptimizer] expected initial_scale > 0, received 0",
                    LossScaleOptimizer(SGD{}, {.initial_scale = 0}));
  CHECK_THROWS_TEXT(ValueError, "[LossScaleOptimizer] expected dynamic_growth_steps >= 1, received 0",
                    LossScaleOptimizer("adam", {.dynamic_growth_steps = 0}));
}
