// A step of an optimizer is done, or nothing has changed.
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "optimizers/every_optimizer.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/optimizers/loss_scale_optimizer.hpp"

using namespace xtape;
using testing::Common;
using testing::every_optimizer;

namespace {

/// Three variables, the second of which has a constraint, an optimizer for them, and what can go wrong.
struct Setup {
  std::vector<Variable> variables{Variable(ones({4, 3}), {.name = "a"}), Variable(ones({5}) * 2, {.name = "b"}),
                                  Variable(ones({2}) * 3, {.name = "c"})};
  std::shared_ptr<bool> constraint_throws = std::make_shared<bool>(false);
  std::shared_ptr<bool> schedule_throws = std::make_shared<bool>(false);
  std::unique_ptr<optimizers::Optimizer> optimizer;

  Setup() {
    variables[1].set_constraint([flag = constraint_throws](const Tensor& w) {
      if (*flag) throw std::runtime_error("the constraint throws");
      return maximum(w, 1.5);
    });
  }
  optimizers::LearningRate schedule() const {
    return [flag = schedule_throws](std::int64_t step) {
      if (*flag) throw std::runtime_error("the schedule throws");
      return 0.1 / static_cast<double>(1 + step);
    };
  }
  Tensors gradients(int step) const {
    Tensors all;
    for (const auto& v : variables) all.push_back(v.peek() * (0.1 * step) + 0.3);
    return all;
  }
  void step(int number) { optimizer->apply_gradients(zip(gradients(number), variables)); }

  /// Everything that a step changes.
  std::vector<Tensor> state() const {
    std::vector<Tensor> all;
    for (const auto& v : variables) all.push_back(v.peek());
    for (const auto& v : optimizer->variables()) all.push_back(v.peek());
    all.push_back(constant(std::vector<std::int64_t>{optimizer->iterations(), optimizer->built()}, {2}));
    return all;
  }
};

void check_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK_SAME_BITS(a[i], b[i]);
}

/// Tries what must not go well; nothing changes.
void try_wrong_steps(Setup& setup, int number, std::int64_t accumulated) {
  const std::vector<Tensor> before = setup.state();
  const auto refused = [&](const char* text, const auto& attempt) {
    std::string message = "nothing was thrown";
    try {
      attempt();
    } catch (const std::exception& error) {
      message = error.what();
    }
    CHECK_MESSAGE(message.find(text) != std::string::npos, "expected: ", text, "; received: ", message);
    check_same(setup.state(), before);
  };
  const auto with_gradient = [&](std::size_t i, const Tensor& gradient) {
    Tensors all = setup.gradients(number);
    all[i] = gradient;
    setup.optimizer->apply_gradients(zip(all, setup.variables));
  };
  if (number % accumulated == 0) {  // other steps apply no constraints
    *setup.constraint_throws = true;
    refused("the constraint throws", [&] { setup.step(number); });
    *setup.constraint_throws = false;
  }
  *setup.schedule_throws = true;
  refused("the schedule throws", [&] { setup.step(number); });
  *setup.schedule_throws = false;
  refused("has shape (7,), expected (2,)", [&] { with_gradient(2, ones({7})); });
  refused("is float64, expected float32", [&] { with_gradient(2, ones({2}, float64)); });
  refused("No gradients provided", [&] { setup.optimizer->apply_gradients(zip(Tensors(3), setup.variables)); });
  if (setup.optimizer->built()) {
    const std::vector<Variable> others = {setup.variables[0], Variable(ones({1}), {.name = "other"})};
    refused("Unknown variable: 'other'", [&] {
      setup.optimizer->apply_gradients(zip(Tensors{ones({4, 3}), ones({1})}, others));
    });
  }
}

/// Steps with wrong ones between them end where the same steps without do.
void check_all_or_nothing(const std::function<std::unique_ptr<optimizers::Optimizer>(const Setup&)>& make,
                          std::int64_t accumulated = 1) {
  Setup plain, tried;
  plain.optimizer = make(plain);
  tried.optimizer = make(tried);
  for (int step = 1; step <= 5; ++step) {
    try_wrong_steps(tried, step, accumulated);
    tried.step(step);
    plain.step(step);
    check_same(tried.state(), plain.state());
  }
}

TEST_CASE("every optimizer: a step that throws changes no variable, no slot and no count") {
  std::vector<Common> options(7);
  options[1].weight_decay = 0.01;
  options[2].clipnorm = 0.2;
  options[3].use_ema = true;
  options[3].ema_overwrite_frequency = 2;
  options[4].gradient_accumulation_steps = 2;
  options[5].loss_scale_factor = 4;
  options[6] = {.global_clipnorm = 0.5, .use_ema = true, .gradient_accumulation_steps = 2};
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    for (std::size_t i = 0; i < options.size(); ++i) {
      CAPTURE(i);
      check_all_or_nothing(
          [&](const Setup& setup) {
            Common common = options[i];
            common.learning_rate = setup.schedule();
            return make(common);
          },
          options[i].gradient_accumulation_steps.value_or(1));
    }
  }
}

TEST_CASE("LossScaleOptimizer: a step that throws changes nothing, inside of it neither") {
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    check_all_or_nothing([&](const Setup& setup) {
      Common common;
      common.learning_rate = setup.schedule();
      return std::make_unique<optimizers::LossScaleOptimizer>(
          std::shared_ptr<optimizers::Optimizer>(make(common)),
          optimizers::LossScaleOptimizerOptions{.initial_scale = 4, .dynamic_growth_steps = 2});
    });
  }
}

struct Fussy : optimizers::Optimizer {
  std::shared_ptr<bool> refuses = std::make_shared<bool>(false);
  explicit Fussy(const optimizers::OptimizerOptions& options) : Optimizer(options) {}
  std::vector<Variable> build_slots(const Variable& v) override { return {add_slot(v, "sum")}; }
  void update(Variable& v, const Tensor& gradient, std::span<Variable> slots) override {
    slots[0].assign_add(gradient);
    v.assign_sub(gradient * learning_rate());
    if (*refuses && v.name() == "c") throw std::runtime_error("not c");
  }
};

TEST_CASE("optimizer: a user's update that throws in the middle takes back what it has assigned") {
  Fussy fussy({.name = "fussy", .learning_rate = 0.5});
  std::vector<Variable> variables{Variable(ones({2}), {.name = "a"}), Variable(ones({3}), {.name = "c"})};
  const Tensors gradients{ones({2}), ones({3})};
  *fussy.refuses = true;
  CHECK_THROWS_TEXT(std::runtime_error, "not c", fussy.apply_gradients(zip(gradients, variables)));
  CHECK_FALSE(fussy.built());
  for (int step = 1; step <= 3; ++step) {
    *fussy.refuses = false;
    fussy.apply_gradients(zip(gradients, variables));
    *fussy.refuses = true;
    CHECK_THROWS_TEXT(std::runtime_error, "not c", fussy.apply_gradients(zip(gradients, variables)));
    CHECK(fussy.iterations() == step);
    for (const auto& v : variables) CHECK_TENSOR_EQ(v.peek(), ones(v.shape()) * (1 - 0.5 * step));
    CHECK_TENSOR_EQ(fussy.variables()[2].peek(), ones({2}) * step);
  }
}

TEST_CASE("optimizer: a user's update that throws takes back what the base class has done before") {
  std::vector<optimizers::OptimizerOptions> options(5, {.name = "fussy", .learning_rate = 0.5});
  options[0].weight_decay = 0.1;
  options[1].gradient_accumulation_steps = 2;
  options[2].use_ema = true;
  options[2].ema_overwrite_frequency = 1;
  options[3].clipnorm = 0.1;
  options[3].loss_scale_factor = 4;
  options[4].weight_decay = 0.1;
  options[4].gradient_accumulation_steps = 2;
  options[4].use_ema = true;
  for (std::size_t i = 0; i < options.size(); ++i) {
    CAPTURE(i);
    for (const bool constrained : {false, true}) {
      CAPTURE(constrained);
      Setup tried, plain;
      const auto prepare = [&](Setup& setup) {
        auto fussy = std::make_unique<Fussy>(options[i]);
        const auto refuses = fussy->refuses;
        setup.optimizer = std::move(fussy);
        if (!constrained) setup.variables[1].set_constraint({});
        return refuses;
      };
      const auto refuses = prepare(tried);
      prepare(plain);
      for (int step = 1; step <= 5; ++step) {
        const std::vector<Tensor> before = tried.state();
        if (step % options[i].gradient_accumulation_steps.value_or(1) == 0) {  // other steps update nothing
          *refuses = true;
          CHECK_THROWS_TEXT(std::runtime_error, "not c", tried.step(step));
          *refuses = false;
          check_same(tried.state(), before);
        }
        tried.step(step);
        plain.step(step);
        check_same(tried.state(), plain.state());
      }
    }
  }
}

}  // namespace
