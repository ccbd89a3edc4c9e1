#include "xtape/optimizers/parameter_group.hpp"

#include <cmath>

#include "optimizers/every_optimizer.hpp"
#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/optimizers/any_optimizer.hpp"
#include "xtape/optimizers/loss_scale_optimizer.hpp"

using namespace xtape;
using optimizers::Adam;
using optimizers::SGD;
using testing::Common;
using testing::every_optimizer;

namespace {

Tensor gradient_of_step(int t) { return constant({std::sin(t), 3 * std::cos(2 * t), 0.1 * t - 0.3}, float64); }

Variable named(const char* name) { return Variable(constant({1.0, -2.0, 0.5}, float64), {.name = name}); }

}  // namespace

TEST_CASE("parameter groups: every optimizer takes the steps of one with the group's rate and weight decay") {
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    const auto grouped = make({.weight_decay = 0.25});
    const double rate = grouped->learning_rate();
    grouped->set_parameter_groups({{.pattern = "slow/.*", .learning_rate_multiplier = 0.5},
                                   {.pattern = ".*/bias", .weight_decay = 0.0},
                                   {.pattern = "both/.*", .learning_rate_multiplier = 2, .weight_decay = 0.125},
                                   {.pattern = "both/kernel", .trainable = false}});  // after the first that matches
    const auto slow = make({.weight_decay = 0.25, .learning_rate = rate * 0.5}), bare = make({.weight_decay = 0.0}),
               both = make({.weight_decay = 0.125, .learning_rate = rate * 2}), plain = make({.weight_decay = 0.25});
    // The groups alternate, and the rates with them.
    const std::vector<Variable> all = {named("slow/kernel"), named("dense/kernel"), named("both/kernel"),
                                       named("dense/bias"), named("slow/bias")};
    const std::vector<Variable> of_slow = {named("slow/kernel"), named("slow/bias")},
                                of_plain = {named("dense/kernel")}, of_both = {named("both/kernel")},
                                of_bare = {named("dense/bias")};
    for (int t = 1; t <= 4; ++t) {
      const Tensor g = gradient_of_step(t), h = gradient_of_step(t + 5);
      grouped->apply(Tensors{g, g, h, g, h}, all);
      slow->apply(Tensors{g, h}, of_slow);
      plain->apply(Tensors{g}, of_plain);
      both->apply(Tensors{h}, of_both);
      bare->apply(Tensors{g}, of_bare);
      CHECK_SAME_BITS(all[0].peek(), of_slow[0].peek());
      CHECK_SAME_BITS(all[1].peek(), of_plain[0].peek());
      CHECK_SAME_BITS(all[2].peek(), of_both[0].peek());
      CHECK_SAME_BITS(all[3].peek(), of_bare[0].peek());
      CHECK_SAME_BITS(all[4].peek(), of_slow[1].peek());
    }
    CHECK(grouped->iterations() == 4);
  }
}

TEST_CASE("parameter groups: a multiplier goes with a schedule and with a rate that is set") {
  SGD optimizer({.learning_rate = [](std::int64_t step) { return step == 0 ? 1.0 : 0.5; }});
  optimizer.set_parameter_groups({{.pattern = "slow", .learning_rate_multiplier = 0.25}});
  const Variable slow = named("slow"), fast = named("slow/kernel");  // the whole name must match
  const Tensor one = ones({3}, float64);
  for (int step = 0; step < 2; ++step) optimizer.apply(Tensors{one, one}, std::vector<Variable>{slow, fast});
  CHECK_CLOSE(slow, {1 - 0.375, -2 - 0.375, 0.5 - 0.375}, 0, 0);
  CHECK_CLOSE(fast, {1 - 1.5, -2 - 1.5, 0.5 - 1.5}, 0, 0);
  CHECK(optimizer.learning_rate() == 0.5);
  optimizer.set_learning_rate([](std::int64_t) { return 4.0; });
  optimizer.apply(Tensors{one}, std::vector<Variable>{slow});
  CHECK_CLOSE(slow, {1 - 1.375, -2 - 1.375, 0.5 - 1.375}, 0, 0);
}

TEST_CASE("parameter groups: frozen variables and their slots stay, without a warning and without decay") {
  testing::WarningCapture warnings;
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    const auto optimizer = make({.weight_decay = 0.1, .use_ema = true, .ema_overwrite_frequency = 2});
    optimizer->set_parameter_groups({{.pattern = "frozen/.*", .trainable = false}});
    Variable frozen = named("frozen/kernel"), free = named("kernel");
    frozen.set_constraint([](const Tensor& w) { return w * 0.0; });
    optimizer->build(std::vector<Variable>{frozen, free});
    std::vector<Tensor> before;
    for (const auto& v : optimizer->variables()) before.push_back(v.peek() + 0);
    for (int t = 1; t <= 3; ++t) {
      optimizer->apply(Tensors{gradient_of_step(t), gradient_of_step(t)}, std::vector<Variable>{frozen, free});
    }
    CHECK_SAME_BITS(frozen.peek(), named("").peek());
    CHECK(free.peek().data<double>()[0] != 1);
    const auto after = optimizer->variables();
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (after[i].name().find("frozen") == std::string::npos) continue;
      if (after[i].name().ends_with("_average")) continue;  // which the variable is
      CHECK_SAME_BITS(after[i].peek(), before[i]);
    }
  }
  SGD all_frozen({.learning_rate = 1.0, .global_clipnorm = 1});
  all_frozen.set_parameter_groups({{.pattern = ".*", .trainable = false}});
  const Variable v = named("v");
  all_frozen.apply(Tensors{ones({3}, float64)}, std::vector<Variable>{v});
  CHECK(all_frozen.iterations() == 1);
  CHECK_SAME_BITS(v.peek(), named("").peek());
  CHECK(warnings.text() == "");
}

TEST_CASE("parameter groups: exclude_from_weight_decay() counts before a group's weight decay") {
  SGD optimizer({.learning_rate = 1.0});  // has no weight decay itself
  optimizer.exclude_from_weight_decay({}, {"bias"});
  optimizer.set_parameter_groups({{.pattern = "dense/.*", .weight_decay = 0.5}});
  const Variable kernel = named("dense/kernel"), bias = named("dense/bias"), other = named("other");
  const Tensor none = zeros({3}, float64);
  optimizer.apply(Tensors{none, none, none}, std::vector<Variable>{kernel, bias, other});
  CHECK_CLOSE(kernel, {0.5, -1.0, 0.25}, 0, 0);
  CHECK_SAME_BITS(bias.peek(), named("").peek());
  CHECK_SAME_BITS(other.peek(), named("").peek());
}

TEST_CASE("parameter groups: they are a part of the config, inside of a LossScaleOptimizer as well") {
  testing::WarningCapture warnings;
  Adam adam(0.1);
  CHECK_FALSE(adam.config().contains("parameter_groups"));
  adam.set_parameter_groups({{.pattern = "a/.*", .learning_rate_multiplier = 0.5},
                             {.pattern = "b", .weight_decay = 0.25, .trainable = false}});
  const Config config = adam.config();
  CHECK(config["parameter_groups"].str() ==
        "{{pattern = \"a/.*\", learning_rate_multiplier = 0.5, weight_decay = none, trainable = true}, "
        "{pattern = \"b\", learning_rate_multiplier = 1, weight_decay = 0.25, trainable = false}}");
  const AnyOptimizer again = AnyOptimizer::from_config(config);
  CHECK(again->config() == config);
  optimizers::LossScaleOptimizer scaled(SGD(1.0), {.initial_scale = 2});
  scaled.set_parameter_groups({{.pattern = "slow", .learning_rate_multiplier = 0.25}});
  const AnyOptimizer scaled_again = AnyOptimizer::from_config(scaled.config());
  CHECK(scaled_again->config() == scaled.config());
  const Variable slow = named("slow");
  scaled_again->apply(Tensors{ones({3}, float64) * 2}, std::vector<Variable>{slow});
  CHECK_CLOSE(slow, {0.75, -2.25, 0.25}, 0, 0);
  CHECK(warnings.text() == "");
  CHECK_THROWS_TEXT(ValueError,
                    "Adam.parameter_groups: ", AnyOptimizer::from_config(Config("Adam", {{"parameter_groups", 3}})));
}

TEST_CASE("parameter groups: wrong ones are refused") {
  SGD optimizer({.name = "sgd"});
  CHECK_THROWS_TEXT(ValueError, "[sgd] pattern: expected a regular expression, received \"a(\"",
                    optimizer.set_parameter_groups({{.pattern = "a("}}));
  CHECK_THROWS_TEXT(ValueError, "[sgd] the parameter group \"a\": expected learning_rate_multiplier >= 0, received -1",
                    optimizer.set_parameter_groups({{.pattern = "a", .learning_rate_multiplier = -1}}));
  CHECK_THROWS_TEXT(ValueError, "[sgd] the parameter group \"a\": expected weight_decay >= 0, received inf",
                    optimizer.set_parameter_groups({{.pattern = "a", .weight_decay = HUGE_VAL}}));
  optimizer.build(std::vector<Variable>{named("v")});
  CHECK_THROWS_TEXT(ValueError, "`set_parameter_groups()` can only be called before the optimizer is built.",
                    optimizer.set_parameter_groups({}));
}
