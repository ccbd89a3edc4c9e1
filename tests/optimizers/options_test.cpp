#include <fmt/format.h>

#include <cmath>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/indexed_slices.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/adagrad.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/adamw.hpp"
#include "xtape/optimizers/ftrl.hpp"
#include "xtape/optimizers/lion.hpp"
#include "xtape/optimizers/nadam.hpp"
#include "xtape/optimizers/rmsprop.hpp"
#include "xtape/optimizers/schedules/cosine_decay.hpp"
#include "xtape/optimizers/schedules/decay.hpp"
#include "xtape/optimizers/sgd.hpp"

using namespace xtape;
using namespace xtape::optimizers;

// The options that all optimizers have, through the base. Where numbers have 14 digits, they are what Keras's own code
// makes, run with numpy in float64.
namespace {

Tensor gradient_of_step(int t) { return constant({std::sin(t), 3 * std::cos(2 * t), 0.1 * t - 0.3}, float64); }

Variable start() { return Variable(constant({1.0, -2.0, 0.5}, float64), {.name = "v"}); }

std::vector<std::string> names_of(const Optimizer& optimizer) {
  std::vector<std::string> names;
  for (auto variables = optimizer.variables(); const auto& v : variables) names.push_back(v.name());
  return names;
}

}  // namespace

TEST_CASE("optimizer options: schedule, loss scale, clipping, decay, average and constraint together") {
  Adam optimizer(
      {.learning_rate = schedules::CosineDecay(
           {.initial_learning_rate = 0.1, .decay_steps = 4, .alpha = 0.1, .warmup_target = 0.3, .warmup_steps = 2}),
       .weight_decay = 0.1,
       .clipnorm = 0.5,
       .use_ema = true,
       .ema_momentum = 0.8,
       .ema_overwrite_frequency = 2,
       .loss_scale_factor = 8});
  optimizer.exclude_from_weight_decay({}, {"w"});
  const Variable v = start();
  Variable w(constant({0.3}, float64), {.name = "w"});
  w.set_constraint([](const Tensor& x) { return maximum(x, 0.25); });
  const std::vector<double> v_after[] = {{0.8900011415088872, -1.880000769400043, 0.5949951974427949},
                                         {0.8470973488087082, -1.8324268860690203, 0.6277635200931282},
                                         {0.580688392252318, -1.7188663611325214, 0.8127036630922904},
                                         {0.7501423692543727, -1.7655580761602478, 0.6934262221671144},
                                         {0.7703044154234113, -1.6525054478667727, 0.6559222256449074}};
  const double w_after[] = {0.25, 0.25, 0.3597264244166313, 0.2919984790819919, 0.3411669555369473};
  const double w_average[] = {0.20000063245153205, 0.20845105934769198, 0.23870613236147983, 0.2919984790819919,
                              0.301832174372983};
  for (int t = 1; t <= 5; ++t) {
    optimizer.apply_gradients(zip({gradient_of_step(t) * 8, constant({8 * std::cos(t)}, float64)}, {v, w}));
    CHECK_CLOSE(v, v_after[t - 1], 1e-13);
    CHECK_CLOSE(w, {w_after[t - 1]}, 1e-13);
    CHECK_CLOSE(optimizer.variables()[2], {w_average[t - 1]}, 1e-13);
  }
  optimizer.finalize_variable_values(std::vector<Variable>{v, w});
  CHECK_CLOSE(v, {0.7541747784881805, -1.7429475505015528, 0.6859254228626729}, 1e-13);
  CHECK_CLOSE(w, {0.301832174372983}, 1e-13);
}

TEST_CASE("optimizer options: accumulation, with the rate of all steps and a count of updates") {
  SGD optimizer({.learning_rate = schedules::ExponentialDecay(0.5, 2, 0.5),
                 .momentum = 0.9,
                 .weight_decay = 0.1,
                 .global_clipnorm = 1,
                 .gradient_accumulation_steps = 3});
  const Variable v = start();
  const std::vector<double> first = {0.8173426316922129, -1.9225949573099028, 0.5125},
                            second = {0.7270090865497121, -1.868499123225378, 0.51279242765336};
  for (int t = 1; t <= 7; ++t) {
    CHECK(optimizer.learning_rate() == doctest::Approx(0.5 * std::pow(0.5, (t - 1) / 2.0)));
    CHECK(optimizer.apply_gradients(zip({gradient_of_step(t)}, {v})) == t);
    CHECK_CLOSE(v, t < 3 ? std::vector<double>{1, -2, 0.5} : t < 6 ? first : second, 1e-13);
    CHECK(optimizer.iterations() == t / 3);
  }
  CHECK(names_of(optimizer) ==
        std::vector<std::string>{"SGD/iteration", "SGD/v_gradient_accumulator", "SGD/v_momentum"});
  CHECK_CLOSE(optimizer.variables()[1], {0.6569865987187891, 0.41021165462350084, 0.4}, 1e-13);
  CHECK_CLOSE(optimizer.variables()[2], {-0.08310918867472045, 0.03710233493716355, 0.004822330470336301}, 1e-13);
}

TEST_CASE("optimizer options: Keras's test of accumulated gradients") {
  const Variable v(constant({{1.0, 2.0}, {3.0, 4.0}}));
  SGD optimizer({.learning_rate = 1, .gradient_accumulation_steps = 3});
  const Tensor start_value = v.peek() + 0, g = ones({2, 2});
  for (int step = 1; step <= 4; ++step) {
    optimizer.apply_gradients(zip({g}, {v}));
    CHECK_CLOSE(v, step < 3 ? start_value : start_value - 1);
    CHECK_CLOSE(optimizer.variables()[2], full({2, 2}, step % 3));
    CHECK(optimizer.iterations() == (step < 3 ? 0 : 1));
  }
}

TEST_CASE("optimizer options: accumulation with a variable given twice, and one that has no gradient") {
  const Variable a(constant({1.0})), b(constant({1.0}));
  SGD optimizer({.learning_rate = 1, .gradient_accumulation_steps = 3});
  const testing::WarningCapture warnings;
  const Tensor g = constant({0.5});
  for (int step = 0; step < 3; ++step) optimizer.apply_gradients(zip({g, g, Tensor()}, {a, a, b}));
  CHECK_CLOSE(a, {0.0}, 0, 1e-7);  // the mean of 1, 1 and 1
  CHECK_CLOSE(b, {1.0});
}

TEST_CASE("optimizer options: Keras's test of moving averages") {
  const Variable v(constant({{3.0, 4.0}, {5.0, 6.0}}));
  SGD optimizer({.learning_rate = 1, .use_ema = true, .ema_momentum = 0.9, .ema_overwrite_frequency = 3});
  const Tensor g = ones({2, 2});
  optimizer.apply_gradients(zip({g}, {v}));
  CHECK_CLOSE(v, constant({{2.0, 3.0}, {4.0, 5.0}}));
  CHECK_CLOSE(optimizer.variables()[2], constant({{2.0, 3.0}, {4.0, 5.0}}));
  optimizer.apply_gradients(zip({g}, {v}));
  CHECK_CLOSE(v, constant({{1.0, 2.0}, {3.0, 4.0}}));
  CHECK_CLOSE(optimizer.variables()[2], constant({{1.9, 2.9}, {3.9, 4.9}}));
  optimizer.apply_gradients(zip({g}, {v}));
  CHECK_CLOSE(v, constant({{1.71, 2.71}, {3.71, 4.71}}));
  CHECK_CLOSE(optimizer.variables()[2], constant({{1.71, 2.71}, {3.71, 4.71}}));
}

TEST_CASE("optimizer options: averages of variables without a gradient, and the end of training") {
  const Variable a(constant({1.0}), {.name = "a"}), b(constant({5.0}), {.name = "b"}), other(constant({1.0}));
  SGD optimizer({.learning_rate = 1, .use_ema = true, .ema_momentum = 0.5});
  optimizer.finalize_variable_values(std::vector<Variable>{a});  // nothing trained yet
  const testing::WarningCapture warnings;
  for (int step = 0; step < 2; ++step) optimizer.apply_gradients(zip({constant({1.0}), Tensor()}, {a, b}));
  CHECK_CLOSE(optimizer.variables()[2], {-0.5});
  CHECK_CLOSE(optimizer.variables()[3], {5.0});
  CHECK_THROWS_TEXT(ValueError, "Unknown variable",
                    optimizer.finalize_variable_values(std::vector<Variable>{a, other}));
  CHECK_CLOSE(a, {-1.0});
  optimizer.finalize_variable_values(std::vector<Variable>{b, a});
  CHECK_CLOSE(a, {-0.5});
  CHECK_CLOSE(b, {5.0});
  SGD plain;
  plain.apply_gradients(zip({constant({0.0})}, {a}));
  plain.finalize_variable_values(std::vector<Variable>{other});  // has no averages: nothing to do
}

TEST_CASE("optimizer options: a fixed loss scale") {
  const Variable v(constant({{1.0, 2.0}, {3.0, 4.0}}));
  SGD optimizer({.learning_rate = 1, .loss_scale_factor = 1024});
  optimizer.apply_gradients(zip({v.peek() * 1024}, {v}));  // optimizer_test.py, test_static_loss_scaling
  CHECK_CLOSE(v, zeros({2, 2}));
  CHECK(optimizer.scale_loss(constant(1.0)).item() == 1024);
  CHECK(SGD().scale_loss(constant(1.5)).item() == 1.5);
  // minimize scales and unscales by itself; the loss that it returns is the given one.
  const Variable x(constant(3.0, float64));
  SGD scaled({.learning_rate = 0.25, .loss_scale_factor = 3});
  CHECK(scaled.minimize([&] { return square(x); }, {x}).item() == 9);
  CHECK_CLOSE(x, 1.5);
}

TEST_CASE("optimizer options: constraints, Keras's test, and a constraint of another shape") {
  Variable v(constant({{-0.5, -0.25}, {0.0, -1.0}}));
  v.set_constraint([](const Tensor& w) { return maximum(w, 0); });
  SGD optimizer({.learning_rate = 0.0001});
  optimizer.apply_gradients(zip({zeros({2, 2})}, {v}));
  CHECK_TENSOR_EQ(v.peek(), zeros({2, 2}));
  v.set_constraint([](const Tensor&) { return zeros({3}); });
  CHECK_THROWS_TEXT(ValueError, "has shape (2, 2), received (3,)",
                    optimizer.apply_gradients(zip({zeros({2, 2})}, {v})));
  // Tapes see nothing of it.
  v.set_constraint([](const Tensor& w) { return square(w); });
  GradientTape tape({.persistent = true});
  const Tensor y = v * v;
  const std::size_t records = tape.num_records();
  optimizer.apply_gradients(zip({zeros({2, 2})}, {v}));
  CHECK(tape.num_records() == records);
}

TEST_CASE("optimizer options: learning rates that are callables, and their replacement") {
  const Variable v(constant({{1.0, 2.0}, {3.0, 4.0}}));
  SGD optimizer({.learning_rate = [] { return 0.1; }});  // optimizer_test.py, test_callable_learning_rate
  optimizer.apply_gradients(zip({ones({2, 2})}, {v}));
  CHECK_CLOSE(v, constant({{0.9, 1.9}, {2.9, 3.9}}));
  CHECK(names_of(optimizer) == std::vector<std::string>{"SGD/iteration"});
  CHECK_THROWS_TEXT(TypeError,
                    "This optimizer was created with a `LearningRateSchedule` object as its `learning_rate` "
                    "constructor argument, hence its learning rate is not settable. If you need the learning rate to "
                    "be settable, you should instantiate the optimizer with a float `learning_rate` argument.",
                    optimizer.set_learning_rate(0.5));
  CHECK(optimizer.learning_rate() == 0.1);
  optimizer.set_learning_rate([](std::int64_t step) { return 10.0 + static_cast<double>(step); });
  CHECK(optimizer.learning_rate() == 11);

  // A rate that is not finite is found before anything changes.
  SGD failing({.learning_rate = [](std::int64_t step) { return 1.0 / static_cast<double>(1 - step); },
               .loss_scale_factor = 2,
               .gradient_accumulation_steps = 2});
  const Variable w(ones({1}));
  failing.apply_gradients(zip({ones({1})}, {w}));
  CHECK_THROWS_TEXT(ValueError, "[Optimizer.learning_rate] expected a finite number, received inf",
                    failing.apply_gradients(zip({ones({1})}, {w})));
  CHECK_CLOSE(w, {1});
  CHECK_CLOSE(failing.variables()[0], 1);
  CHECK_CLOSE(failing.variables()[1], {0.5});

  struct Halving : schedules::LearningRateSchedule {
    double operator()(std::int64_t step) const override { return std::pow(0.5, step); }
  };
  Adam adam({.learning_rate = 1});
  CHECK(adam.variables().size() == 2);
  adam.set_learning_rate(Halving());
  CHECK(adam.variables().size() == 1);
  CHECK(adam.learning_rate() == 1);
  // A copy of options with a schedule has a schedule of its own.
  const SGDOptions options{.learning_rate = Halving()}, copy = options;
  CHECK(SGD(copy).learning_rate() == 1);
}

TEST_CASE("optimizer options: the variables come in Keras's order") {
  const std::vector<Variable> variables = {Variable(zeros({2}), {.name = "a"}), Variable(zeros({1}), {.name = "b"})};
  const auto of = [&](Optimizer&& optimizer) {
    optimizer.build(variables);
    return names_of(optimizer);
  };
  CHECK(of(Adam({.amsgrad = true, .use_ema = true, .gradient_accumulation_steps = 2, .name = "o"})) ==
        std::vector<std::string>{"o/iteration", "o/learning_rate", "o/a_average", "o/b_average",
                                 "o/a_gradient_accumulator", "o/b_gradient_accumulator", "o/a_momentum", "o/a_velocity",
                                 "o/b_momentum", "o/b_velocity", "o/a_velocity_hat", "o/b_velocity_hat"});
  CHECK(of(RMSprop({.momentum = 0.5, .centered = true, .name = "o"})) ==
        std::vector<std::string>{"o/iteration", "o/learning_rate", "o/a_velocity", "o/b_velocity", "o/a_momentum",
                                 "o/b_momentum", "o/a_average_gradient", "o/b_average_gradient"});
  CHECK(of(Nadam({.name = "o"})) == std::vector<std::string>{"o/iteration", "o/learning_rate", "o/a_momentum",
                                                             "o/a_velocity", "o/b_momentum", "o/b_velocity",
                                                             "o/u_product"});
}

TEST_CASE("optimizer options: what is out of range is refused") {
  CHECK_THROWS_TEXT(ValueError,
                    "[SGD] `gradient_accumulation_steps` must be an integer >= 2. Received: "
                    "gradient_accumulation_steps=1",
                    SGD({.gradient_accumulation_steps = 1}));
  CHECK_THROWS_TEXT(ValueError, "[adam] `ema_momentum` must be in the range [0, 1]. Received: ema_momentum=1.5",
                    Adam({.use_ema = true, .ema_momentum = 1.5}));
  CHECK_THROWS_TEXT(ValueError,
                    "`ema_overwrite_frequency` must be an integer >= 1 or None. Received: ema_overwrite_frequency=0",
                    Adam({.use_ema = true, .ema_overwrite_frequency = 0}));
  CHECK_THROWS_TEXT(ValueError, "[adam] expected loss_scale_factor > 0, received 0", Adam({.loss_scale_factor = 0}));
  CHECK_THROWS_TEXT(ValueError, "[Optimizer.learning_rate] expected a finite number, received nan",
                    SGD({.learning_rate = std::nan("")}));
  CHECK_THROWS_TEXT(ValueError, "[AdamW] Argument `weight_decay` must be a float. Received: weight_decay=None",
                    AdamW({.weight_decay = std::nullopt}));
  CHECK_THROWS_TEXT(ValueError, "[Nadam] expected beta_1 and beta_2 in [0, 1), received 1 and 0.999",
                    Nadam({.beta_1 = 1}));
  CHECK_THROWS_TEXT(ValueError, "[RMSprop] expected rho in [0, 1], received 1.1", RMSprop({.rho = 1.1}));
  CHECK_THROWS_TEXT(ValueError,
                    "[Adagrad] `initial_accumulator_value` needs to be positive or zero. Received: "
                    "initial_accumulator_value=-1",
                    Adagrad({.initial_accumulator_value = -1}));
  for (const double beta : {-0.1, 0.0, 1.1}) {
    CHECK_THROWS_TEXT(ValueError,
                      fmt::format("[Lion] Argument `beta_1` must be in the [0, 1] range. Otherwise, the optimizer "
                                  "degenerates to SignSGD. Received: beta_1={}",
                                  beta),
                      Lion({.beta_1 = beta}));
  }
  CHECK_THROWS_TEXT(ValueError,
                    "[Ftrl] `learning_rate_power` needs to be negative or zero. Received: learning_rate_power=0.1",
                    Ftrl({.learning_rate_power = 0.1}));
  CHECK_THROWS_TEXT(ValueError, "[Ftrl] `initial_accumulator_value` needs to be positive or zero.",
                    Ftrl({.initial_accumulator_value = -0.1}));
  CHECK_THROWS_TEXT(ValueError, "[Ftrl] `l1_regularization_strength` needs to be positive or zero.",
                    Ftrl({.l1_regularization_strength = -0.1}));
  CHECK_THROWS_TEXT(ValueError, "[Ftrl] `l2_regularization_strength` needs to be positive or zero.",
                    Ftrl({.l2_regularization_strength = -0.1}));
  CHECK_THROWS_TEXT(ValueError, "[Ftrl] `l2_shrinkage_regularization_strength` needs to be positive or zero.",
                    Ftrl({.l2_shrinkage_regularization_strength = -0.1}));
}

TEST_CASE(
    "optimizer options: Adagrad divides 0 by 0 in the rows that a sparse gradient leaves out, as in a dense one") {
  const Variable table(ones({3, 1}));
  Adagrad optimizer({.learning_rate = 0.5, .initial_accumulator_value = 0, .epsilon = 0});
  const Tensor g = to_tensor({constant({{2.0}}), constant(std::vector<std::int64_t>{1}), {3, 1}});
  optimizer.apply_gradients(zip({g}, {table}));
  CHECK_CLOSE(table, {NAN, 0.5, NAN});
}

TEST_CASE("optimizer options: RMSprop, centered, of a large constant gradient") {
  // In exact numbers v - a^2 is 0 in the limit; in float32 what is left of 1e6 - 1e6 can be below -epsilon.
  RMSprop optimizer({.learning_rate = 1e-6, .rho = 0.5, .centered = true});
  const Variable v(constant({1.0f, 1.0f}));
  for (int step = 0; step < 100; ++step) optimizer.apply_gradients(zip({constant({1000.1f, 333.3f})}, {v}));
  CHECK(std::isfinite(reduce_sum(v).item()));
}
