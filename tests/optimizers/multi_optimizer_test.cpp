#include "xtape/optimizers/multi_optimizer.hpp"

#include <cmath>
#include <memory>
#include <stdexcept>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/function/function.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/loss_scale_optimizer.hpp"
#include "xtape/optimizers/rmsprop.hpp"
#include "xtape/optimizers/sgd.hpp"

using namespace xtape;
using namespace xtape::optimizers;

namespace {

Variable named(const char* name, double value = 2) { return Variable(full({1, 2}, value), {.name = name}); }

Tensor two(double value) { return full({1, 2}, value, float32); }

std::vector<std::string> names_of(const std::vector<Variable>& variables) {
  std::vector<std::string> names;
  for (const auto& variable : variables) names.push_back(variable.name());
  return names;
}

}  // namespace

TEST_CASE("OptimizerMap: the name itself, then expressions of the whole name, then the default") {
  const auto adam = std::make_shared<Adam>();
  const auto sgd = std::make_shared<SGD>(), rmsprop_like = std::make_shared<SGD>();
  const OptimizerMap map(rmsprop_like, {{"encoder/layer_0/dense", adam}, {"encoder/.*", sgd}, {"decoder", adam}});
  CHECK(map(named("decoder")) == adam);
  CHECK(map(named("encoder/layer_0/dense")) == adam);  // although the second one matches as well
  CHECK(map(named("encoder/layer_0/attention/query")) == sgd);
  CHECK(map(named("decoder/layer_0/dense")) == rmsprop_like);
  CHECK(map(named("my/encoder/dense")) == rmsprop_like);
  CHECK(map.default_optimizer() == rmsprop_like);
  CHECK(map.optimizers() == std::vector<std::shared_ptr<Optimizer>>{adam, sgd, rmsprop_like});
}

TEST_CASE("OptimizerMap: wrong ones are refused") {
  const OptimizerMap twice(SGD(), {{".*kernel.*", SGD()}, {".*dense.*", SGD()}});
  CHECK_THROWS_TEXT(ValueError, "[OptimizerMap] Multiple optimizers assigned to variable 'dense/kernel'.",
                    twice(named("dense/kernel")));
  CHECK_THROWS_TEXT(ValueError, "[OptimizerMap] 'a' already exists in the OptimizerMap",
                    OptimizerMap(SGD(), {{"a", SGD()}, {"a", Adam()}}));
  CHECK_THROWS_TEXT(ValueError, "[OptimizerMap] optimizer_map: expected a regular expression, received \"a(\"",
                    OptimizerMap(SGD(), {{"a(", SGD()}}));
  CHECK_THROWS_TEXT(ValueError, "optimizer cannot be LossScaleOptimizer", OptimizerMap(LossScaleOptimizer("sgd")));
  CHECK_THROWS_TEXT(ValueError, "optimizer cannot be MultiOptimizer",
                    OptimizerMap(SGD(), {{"a", MultiOptimizer(OptimizerMap(SGD()))}}));
}

TEST_CASE("MultiOptimizer: Keras's test of a step") {
  MultiOptimizer optimizer(OptimizerMap(SGD(0.0), {{"^dense_1/.*", SGD(0.1)}, {"^dense_2/.*", SGD(1.0)}}));
  const Variable first = named("dense_1/kernel", 2), second = named("dense_2/kernel", 3), other = named("other", 4);
  optimizer.build(std::vector<Variable>{first, second, other});
  optimizer.apply(Tensors{two(1), two(1), two(1)}, std::vector<Variable>{first, second, other});
  CHECK_CLOSE(first, two(1.9), 1e-6);
  CHECK_CLOSE(second, two(2.0), 1e-6);
  CHECK_CLOSE(other, two(4.0), 1e-6);
  CHECK(optimizer.iterations() == 1);
  REQUIRE(optimizer.optimizers().size() == 3);
  for (const auto& one : optimizer.optimizers()) CHECK(one->iterations() == 1);
}

TEST_CASE("MultiOptimizer: each optimizer takes the steps that it takes alone, in replays as well") {
  const std::vector<Variable> variables = {named("a/kernel", 1), named("b", -1), named("a/bias", 0.5)},
                              alone = {named("a/kernel", 1), named("b", -1), named("a/bias", 0.5)};
  const AdamOptions adam{.learning_rate = 0.1, .weight_decay = 0.1, .global_clipnorm = 0.5, .use_ema = true};
  const SGDOptions sgd{.learning_rate = 0.2, .momentum = 0.5, .gradient_accumulation_steps = 2};
  MultiOptimizer optimizer(OptimizerMap(SGD(sgd), {{"a/.*", Adam(adam)}}));
  Adam of_a(adam);
  SGD of_b(sgd);
  auto step = function([&](const Tensor& x) {
    optimizer.apply_gradients(zip(Tensors{x, x * 2, x + 1}, variables));
    return x * 1;
  });
  for (int t = 1; t <= 5; ++t) {
    const Tensor x = constant({{0.3 * t, std::sin(t)}}, float32);
    step(x);
    of_a.apply_gradients(zip(Tensors{x, x + 1}, std::vector<Variable>{alone[0], alone[2]}));
    of_b.apply_gradients(zip(Tensors{x * 2}, std::vector<Variable>{alone[1]}));
    for (std::size_t i = 0; i < 3; ++i) CHECK_SAME_BITS(variables[i].peek(), alone[i].peek());
  }
  CHECK(step.obstacle() == "");
  CHECK(step.trace_count() == 1);
  CHECK(optimizer.iterations() == 5);
  CHECK(names_of(optimizer.variables()) ==
        std::vector<std::string>{"multi_optimizer/iteration", "multi_optimizer/learning_rate", "adam/iteration",
                                 "adam/learning_rate", "adam/a_kernel_average", "adam/a_bias_average",
                                 "adam/a_kernel_momentum", "adam/a_kernel_velocity", "adam/a_bias_momentum",
                                 "adam/a_bias_velocity", "SGD/iteration", "SGD/learning_rate",
                                 "SGD/b_gradient_accumulator", "SGD/b_momentum"});
  optimizer.finalize_variable_values(variables);
  of_a.finalize_variable_values(std::vector<Variable>{alone[0], alone[2]});
  for (std::size_t i = 0; i < 3; ++i) CHECK_SAME_BITS(variables[i].peek(), alone[i].peek());
}

TEST_CASE("MultiOptimizer: its variables are its whole state") {
  const auto make = [] {
    return MultiOptimizer(OptimizerMap(SGD({.learning_rate = 0.2, .momentum = 0.5}), {{"a", Adam(0.1)}}));
  };
  MultiOptimizer first = make(), second = make();
  const std::vector<Variable> of_first = {named("a"), named("b")}, of_second = {named("a"), named("b")};
  const auto step = [](MultiOptimizer& optimizer, const std::vector<Variable>& variables, double t) {
    optimizer.apply(Tensors{two(t), two(-t)}, variables);
  };
  for (const double t : {1.0, 2.0, 3.0}) step(first, of_first, t);
  second.build(of_second);
  const auto from = first.variables();
  auto to = second.variables();
  REQUIRE(from.size() == to.size());
  for (std::size_t i = 0; i < from.size(); ++i) to[i].assign(from[i]);
  for (std::size_t i = 0; i < 2; ++i) Variable(of_second[i]).assign(of_first[i]);
  for (const double t : {-1.0, 4.0}) {
    step(first, of_first, t);
    step(second, of_second, t);
    for (std::size_t i = 0; i < 2; ++i) CHECK_SAME_BITS(of_second[i].peek(), of_first[i].peek());
  }
}

TEST_CASE("MultiOptimizer: one loss scale for all, its own or that of a LossScaleOptimizer") {
  const Variable a = named("a"), b = named("b");
  MultiOptimizer optimizer(OptimizerMap(SGD(1.0), {{"a", SGD({.learning_rate = 0.5, .loss_scale_factor = 99})}}),
                           {.loss_scale_factor = 4});
  CHECK(optimizer.scale_loss(constant(1.0)).item() == 4);
  optimizer.apply(Tensors{two(4), two(4)}, std::vector<Variable>{a, b});
  CHECK_TENSOR_EQ(a.peek(), two(1.5));
  CHECK_TENSOR_EQ(b.peek(), two(1));
  LossScaleOptimizer scaled(MultiOptimizer(OptimizerMap(SGD(1.0), {{"a", SGD(0.5)}})), {.initial_scale = 8});
  scaled.apply(Tensors{two(8), two(8)}, std::vector<Variable>{a, b});
  CHECK_TENSOR_EQ(a.peek(), two(1));
  CHECK_TENSOR_EQ(b.peek(), two(0));
  scaled.apply(Tensors{two(8), two(HUGE_VAL)}, std::vector<Variable>{a, b});
  CHECK(scaled.dynamic_scale() == 4);
  CHECK(scaled.iterations() == 1);
  CHECK_TENSOR_EQ(a.peek(), two(1));
}

TEST_CASE("MultiOptimizer: variables without gradients are named once; an optimizer without any waits") {
  testing::WarningCapture warnings;
  const Variable a = named("a"), b = named("b");
  MultiOptimizer optimizer(OptimizerMap(SGD(1.0), {{"a", SGD(0.5)}}));
  for (int step = 0; step < 2; ++step) optimizer.apply(Tensors{two(1), Tensor()}, std::vector<Variable>{a, b});
  CHECK_TENSOR_EQ(a.peek(), two(1));
  CHECK_TENSOR_EQ(b.peek(), two(2));
  CHECK(optimizer.iterations() == 2);
  CHECK(optimizer.optimizers()[0]->iterations() == 2);
  CHECK(optimizer.optimizers()[1]->iterations() == 0);
  const std::string text = warnings.text();
  CHECK(text.find("Gradients do not exist for variables ['b']") != std::string::npos);
  CHECK(text.find("Gradients", text.find("Gradients") + 1) == std::string::npos);
  CHECK_THROWS_TEXT(ValueError, "Unknown variable: 'c'", optimizer.apply(Tensors{two(1)}, std::vector{named("c")}));
}

TEST_CASE("MultiOptimizer: a step that throws changes nothing in any of its optimizers") {
  auto fails = std::make_shared<std::string>();
  const auto schedule = [fails](std::int64_t) {
    if (*fails == "schedule") throw std::runtime_error("the schedule throws");
    return 0.5;
  };
  const auto constraint = [fails](const char* name) {
    return [fails, name](const Tensor& w) {
      if (*fails == name) throw std::runtime_error("the constraint throws");
      return w * 1;
    };
  };
  std::vector<Variable> variables = {named("a"), named("b"), named("c"), named("a2")};
  variables[0].set_constraint(constraint("a"));
  variables[1].set_constraint(constraint("b"));
  MultiOptimizer optimizer(OptimizerMap(Adam({.learning_rate = LearningRate(schedule)}),
                                        {{"a.*", Adam({.learning_rate = 0.1, .use_ema = true})},
                                         {"b", SGD({.learning_rate = 0.1, .gradient_accumulation_steps = 2})}}));
  const Tensors gradients = {two(1), two(2), two(3), two(4)};
  const auto state = [&] {
    std::vector<Tensor> all;
    for (const auto& v : variables) all.push_back(v.peek());
    for (const auto& v : optimizer.variables()) all.push_back(v.peek());
    return all;
  };
  const auto try_wrong = [&](const char* what) {
    const auto before = state();
    *fails = what;
    CHECK_THROWS_AS(optimizer.apply(gradients, variables), std::runtime_error);
    *fails = "";
    const auto after = state();
    REQUIRE(before.size() == after.size());
    for (std::size_t i = 0; i < before.size(); ++i) CHECK_SAME_BITS(before[i], after[i]);
  };
  try_wrong("schedule");
  CHECK_FALSE(optimizer.built());
  for (const auto& one : optimizer.optimizers()) CHECK_FALSE(one->built());
  try_wrong("a");
  for (int step = 1; step <= 4; ++step) {
    optimizer.apply(gradients, variables);
    try_wrong("schedule");
    try_wrong("a");
    if (step % 2 == 1) try_wrong("b");  // its gradients are complete in the next step
  }
  CHECK(optimizer.iterations() == 4);
}

TEST_CASE("MultiOptimizer: the learning rate is the default's, and is set in the optimizers") {
  MultiOptimizer optimizer(OptimizerMap(SGD(0.25), {{"a", SGD(0.5)}}));
  CHECK(optimizer.learning_rate() == 0.25);
  CHECK_THROWS_TEXT(ValueError, "Learning rate cannot be set on a MultiOptimizer", optimizer.set_learning_rate(1));
  optimizer.optimizers()[1]->set_learning_rate(0.75);
  CHECK(optimizer.learning_rate() == 0.75);
  optimizer.exclude_from_weight_decay({}, {"x"});
  optimizer.set_parameter_groups({{.pattern = "b", .trainable = false}});
  const Variable a = named("a"), b = named("b");
  CHECK(optimizer.optimizer_of(a) == optimizer.optimizers()[0]);
  optimizer.apply(Tensors{two(1), two(1)}, std::vector<Variable>{a, b});
  CHECK_TENSOR_EQ(a.peek(), two(1.5));
  CHECK_TENSOR_EQ(b.peek(), two(2));
}

TEST_CASE("MultiOptimizer: what Keras writes, and back") {
  const Config config = MultiOptimizer(OptimizerMap(SGD(0.1), {{"encoder/.*", RMSprop(0.2)}})).config();
  CHECK(config.class_name() == "MultiOptimizer");
  const Config& map = *config["optimizer_map"].get<Config>();
  CHECK(map.class_name() == "OptimizerMap");
  CHECK(map.module() == "keras.optimizers");
  CHECK(map["default_optimizer"].get<Config>()->class_name() == "SGD");
  const Config& entries = *map["optimizer_map"].get<Config>();
  CHECK(entries["encoder/.*"].get<Config>()->class_name() == "RMSprop");
  CHECK(AnyOptimizer::from_config(config)->config() == config);
  CHECK_THROWS_TEXT(ValueError, "MultiOptimizer needs the argument 'optimizer_map'",
                    AnyOptimizer::from_config(Config("MultiOptimizer")));
  CHECK_THROWS_TEXT(
      ValueError, "OptimizerMap needs the argument 'optimizer_map'",
      AnyOptimizer::from_config(
          Config("MultiOptimizer", {{"optimizer_map", Config("OptimizerMap", {{"default_optimizer", "sgd"}})}})));
}
