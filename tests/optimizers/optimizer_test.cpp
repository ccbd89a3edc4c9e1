#include "xtape/optimizers/optimizer.hpp"

#include <cmath>
#include <functional>

#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "support/threads.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/sgd.hpp"

using namespace xtape;
using optimizers::Adam;
using optimizers::Optimizer;
using optimizers::SGD;

namespace {

/// Two variables, gradients for them, and an optimizer that has made one step with them.
struct Fixture {
  Variable a{constant({1.0, 2.0}), {.name = "a"}}, b{constant({{3.0, 4.0, 5.0}}), {.name = "b"}};
  Tensor ga = constant({0.5, -0.5}), gb = constant({{1.0, 2.0, 3.0}});
  Adam optimizer;
  Fixture() { optimizer.apply_gradients(zip({ga, gb}, {a, b})); }

  std::vector<Tensor> state() const {
    std::vector<Tensor> all;
    for (auto variables = optimizer.variables(); const auto& v : variables) all.push_back(v.peek() + 0);
    for (const auto& v : {a, b}) all.push_back(v.peek() + 0);
    return all;
  }
  /// Calls f, and checks that nothing of the optimizer or the variables has changed by it.
  void check_unchanged_by(const std::function<void()>& f) const {
    const auto before = state();
    f();
    const auto after = state();
    REQUIRE(before.size() == after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      CAPTURE(i);
      CHECK_SAME_BITS(after[i], before[i]);
    }
  }
};

}  // namespace

TEST_CASE("optimizer: the count of steps, returned and asked for") {
  Fixture f;
  CHECK(f.optimizer.iterations() == 1);
  CHECK(f.optimizer.apply_gradients(zip({f.ga, f.gb}, {f.a, f.b})) == 2);
  CHECK(f.optimizer.apply_gradients({{f.ga, f.a}, {f.gb, f.b}}) == 3);
  f.optimizer.apply(std::vector<Tensor>{f.ga, f.gb}, std::vector<Variable>{f.a, f.b});
  f.optimizer.apply(std::vector<Tensor>{f.ga, f.gb});
  CHECK(f.optimizer.iterations() == 5);
}

TEST_CASE("optimizer: no pairs are an error of apply_gradients and nothing to apply") {
  const Fixture f;
  f.check_unchanged_by([&] {
    auto& optimizer = const_cast<Adam&>(f.optimizer);
    CHECK_THROWS_TEXT(ValueError,
                      "[Optimizer.apply_gradients] expected at least one pair of a gradient and a variable, received "
                      "none",
                      optimizer.apply_gradients(zip(Tensors(), {})));
    CHECK_THROWS_TEXT(ValueError, "expected at least one pair", optimizer.apply_gradients({}));
    optimizer.apply({}, {});
  });
}

TEST_CASE("optimizer: no gradient for any variable is an error that names them") {
  Fixture f;
  f.check_unchanged_by([&] {
    CHECK_THROWS_TEXT(ValueError, "[Optimizer.apply_gradients] No gradients provided for any variable: ['a', 'b']",
                      f.optimizer.apply_gradients(zip({Tensor(), Tensor()}, {f.a, f.b})));
  });
  SGD fresh;
  CHECK_THROWS_TEXT(ValueError, "No gradients provided for any variable: ['a']",
                    fresh.apply_gradients({{Tensor(), f.a}}));
  CHECK_FALSE(fresh.built());
}

TEST_CASE("optimizer: variables without a gradient are left alone, with one warning") {
  const Variable a(constant({3.0, 4.0}), {.name = "a"}), b(constant({3.0, 4.0}), {.name = "b"}),
      c(constant({3.0, 4.0}), {.name = "c"});
  SGD optimizer({.learning_rate = 1, .momentum = 0.5, .weight_decay = 0.1});
  const testing::WarningCapture warnings;
  const Tensor g = constant({1.0, 1.0});
  optimizer.apply_gradients(zip({Tensor(), g, Tensor()}, {a, b, c}));
  CHECK_SAME_BITS(a.peek(), constant({3.0, 4.0}));
  CHECK_CLOSE(b, constant({3 * 0.9 - 1, 4 * 0.9 - 1}));
  CHECK(optimizer.iterations() == 1);
  REQUIRE(warnings.count() == 1);
  CHECK(warnings.messages()[0] ==
        "[Optimizer.apply_gradients] Gradients do not exist for variables ['a', 'c'] when minimizing the loss.");

  for (int step = 0; step < 10; ++step) optimizer.apply_gradients(zip({Tensor(), g, Tensor()}, {a, b, c}));
  CHECK(warnings.count() == 1);
  optimizer.apply_gradients(zip({Tensor(), g, g}, {a, b, c}));
  CHECK(warnings.count() == 1);
  optimizer.apply_gradients(zip({Tensor(), Tensor(), g}, {a, b, c}));  // b is news
  REQUIRE(warnings.count() == 2);
  CHECK(warnings.messages()[1].find("['a', 'b']") != std::string::npos);
}

TEST_CASE("optimizer: a variable that it was not built for is refused by name") {
  Fixture f;
  const Variable other(constant({1.0, 2.0}), {.name = "other"});
  f.check_unchanged_by([&] {
    CHECK_THROWS_TEXT(
        ValueError,
        "[Optimizer.apply_gradients] Unknown variable: 'other' (2,). This optimizer can only be called for "
        "the variables it was originally built with. When working with a new set of variables, you should "
        "recreate a new optimizer instance.",
        f.optimizer.apply_gradients(zip({f.ga, f.gb, f.ga}, {f.a, f.b, other})));
    // Known by identity: neither an equal name nor equal values make the same variable.
    const Variable twin(constant({1.0, 2.0}), {.name = "a"});
    CHECK_THROWS_TEXT(ValueError, "Unknown variable: 'a'", f.optimizer.apply_gradients(zip({f.ga}, {twin})));
    CHECK_THROWS_TEXT(ValueError, "Unknown variable: 'other'",
                      f.optimizer.apply_gradients(zip({f.ga, Tensor()}, {f.a, other})));
  });
  CHECK_SAME_BITS(other.peek(), constant({1.0, 2.0}));
}

TEST_CASE("optimizer: a gradient of a wrong shape or dtype is refused, and nothing has changed") {
  Fixture f;
  f.check_unchanged_by([&] {
    CHECK_THROWS_TEXT(ValueError,
                      "[Optimizer.apply_gradients] the gradient of variable 'b' has shape (3,), expected (1, 3)",
                      f.optimizer.apply_gradients(zip({f.ga, constant({1.0, 2.0, 3.0})}, {f.a, f.b})));
    CHECK_THROWS_TEXT(TypeError,
                      "[Optimizer.apply_gradients] the gradient of variable 'b' is float64, expected float32",
                      f.optimizer.apply_gradients(zip({f.ga, cast(f.gb, float64)}, {f.a, f.b})));
    CHECK_THROWS_TEXT(ValueError, "[Optimizer.apply_gradients] variables[1] is empty",
                      f.optimizer.apply_gradients(zip({f.ga, f.gb}, {f.a, Variable()})));
    CHECK_THROWS_TEXT(ValueError, "[zip] expected one gradient for each variable: 1 gradients, 2 variables",
                      f.optimizer.apply(std::vector<Tensor>{f.ga}));
  });
  // The same in a first call: it does not build the optimizer.
  SGD fresh({.momentum = 0.9});
  CHECK_THROWS(fresh.apply_gradients(zip({f.gb}, {f.a})));
  CHECK_FALSE(fresh.built());
  fresh.apply_gradients(zip({f.gb}, {f.b}));
  CHECK(fresh.iterations() == 1);
}

TEST_CASE("optimizer: variables of other dtypes than float32 and float64 are refused") {
  SGD optimizer;
  for (DType dtype : {bfloat16, int32}) {
    const Variable v(ones({2}, dtype), {.name = "v"});
    CHECK_THROWS_TEXT(TypeError,
                      std::string("[Optimizer.apply_gradients] variable 'v' is ") + name(dtype) +
                          ", expected float32 or float64: keep the variable in float32 and cast it where it is used",
                      optimizer.apply_gradients(zip({ones({2}, dtype)}, {v})));
    CHECK_SAME_BITS(v.peek(), ones({2}, dtype));
  }
}

TEST_CASE("optimizer: slots follow their variables whatever the order and the subset") {
  std::vector<Variable> forward, shuffled;
  std::vector<Tensor> gradients;
  SGD straight({.momentum = 0.9}), mixed({.momentum = 0.9});
  for (int i = 0; i < 5; ++i) {
    forward.emplace_back(full({3}, i));
    shuffled.emplace_back(full({3}, i));
    gradients.push_back(full({3}, 0.1 * i - 0.2));
  }
  straight.build(forward);
  mixed.build(shuffled);
  CHECK(straight.built());
  for (int step = 0; step < 3; ++step) {
    straight.apply_gradients(zip(gradients, forward));
    mixed.apply_gradients(zip({gradients[3], gradients[0], gradients[4], gradients[1], gradients[2]},
                              {shuffled[3], shuffled[0], shuffled[4], shuffled[1], shuffled[2]}));
  }
  straight.apply_gradients(zip({gradients[1], gradients[4]}, {forward[1], forward[4]}));
  mixed.apply_gradients(zip({gradients[4], gradients[1]}, {shuffled[4], shuffled[1]}));
  for (std::size_t i = 0; i < 5; ++i) CHECK_SAME_BITS(forward[i].peek(), shuffled[i].peek());
}

TEST_CASE("optimizer: build, once, and the same variable twice") {
  const Variable v(constant({1.0}), {.name = "v"}), w(constant({1.0}), {.name = "w"});
  SGD optimizer({.learning_rate = 1, .momentum = 0.5});
  CHECK_THROWS_TEXT(RuntimeError,
                    "[Optimizer.apply] gradients without variables need an optimizer that is built: call "
                    "build(variables)",
                    optimizer.apply(std::vector<Tensor>{constant({1.0})}));
  optimizer.build(std::vector<Variable>{v, v});
  optimizer.build(std::vector<Variable>{w});
  CHECK(optimizer.variables().size() == 3);
  // m = -1, v = 0; m = -1.5, v = -1.5
  optimizer.apply_gradients(zip({constant({1.0}), constant({1.0})}, {v, v}));
  CHECK_CLOSE(v, {-1.5});
}

TEST_CASE("optimizer: learning rate") {
  const Variable v(constant({1.0}, float64));
  SGD optimizer({.learning_rate = 0.1});
  CHECK(optimizer.learning_rate() == 0.1);
  optimizer.set_learning_rate(0.5);
  CHECK(optimizer.learning_rate() == 0.5);
  optimizer.apply_gradients(zip({constant({1.0}, float64)}, {v}));
  CHECK_CLOSE(v, {0.5});
  CHECK_THROWS_TEXT(ValueError, "[Optimizer.learning_rate] expected a finite number, received inf",
                    optimizer.set_learning_rate(HUGE_VAL));
  CHECK(optimizer.learning_rate() == 0.5);
}

TEST_CASE("optimizer: its variables are its whole state") {
  Fixture f;
  const auto state = f.optimizer.variables();
  std::vector<std::string> names;
  for (const auto& v : state) names.push_back(v.name());
  CHECK(names == std::vector<std::string>{"adam/iteration", "adam/learning_rate", "adam/a_momentum", "adam/a_velocity",
                                          "adam/b_momentum", "adam/b_velocity"});
  for (const auto& v : state) CHECK_FALSE(v.trainable());

  // An optimizer that takes it over goes on exactly as the first one.
  const Variable a(f.a.peek(), {.name = "a"}), b(f.b.peek(), {.name = "b"});
  Adam other({.learning_rate = 123});
  other.build(std::vector<Variable>{a, b});
  auto restored = other.variables();
  REQUIRE(restored.size() == state.size());
  for (std::size_t i = 0; i < state.size(); ++i) restored[i].assign(state[i]);
  for (int step = 0; step < 3; ++step) {
    f.optimizer.apply_gradients(zip({f.ga, f.gb}, {f.a, f.b}));
    other.apply_gradients(zip({f.ga, f.gb}, {a, b}));
  }
  CHECK(other.iterations() == 4);
  CHECK_SAME_BITS(a.peek(), f.a.peek());
  CHECK_SAME_BITS(b.peek(), f.b.peek());
}

TEST_CASE("optimizer: values taken before a step do not change by it") {
  Fixture f;
  const Tensor taken = f.a.peek(), momentum = f.optimizer.variables()[2].peek();
  const Tensor copy = taken + 0, momentum_copy = momentum + 0;
  f.optimizer.apply_gradients(zip({f.ga, f.gb}, {f.a, f.b}));
  CHECK_SAME_BITS(taken, copy);
  CHECK_SAME_BITS(momentum, momentum_copy);
  // The variable's own value as its gradient.
  const Variable v(constant({1.0, -2.0}));
  SGD optimizer({.learning_rate = 0.25, .momentum = 0.5, .nesterov = true});
  optimizer.apply(std::span(&v.peek(), 1), std::span(&v, 1));
  CHECK_CLOSE(v, constant({1 - 0.25 * 1.5, -2 + 0.5 * 1.5}));
}

TEST_CASE("optimizer: a step is not recorded, and a tape keeps the values that it saw") {
  const Variable v(constant({2.0, 3.0}));
  Adam optimizer({.learning_rate = 1});
  GradientTape tape({.persistent = true});
  const Tensor y = v * v;
  const std::size_t records = tape.num_records();
  optimizer.apply_gradients(zip({constant({1.0, 1.0})}, {v}));
  CHECK(tape.num_records() == records);
  CHECK(tape.is_recording());
  tape.stop();
  CHECK_CLOSE(v, constant({1.0, 2.0}), 1e-5);
  CHECK_CLOSE(tape.gradient(y, v), constant({4.0, 6.0}));
}

TEST_CASE("optimizer: minimize under a tape of its own, and under the caller's") {
  const Variable x(constant({3.0, -1.0}, float64)), frozen(constant(5.0, float64), {.trainable = false});
  const auto loss = [&] { return reduce_sum(square(x - 1.0)) + square(frozen); };
  SGD optimizer({.learning_rate = 0.25});
  CHECK_CLOSE(optimizer.minimize(loss, {x, frozen}), 4 + 4 + 25);
  CHECK_CLOSE(x, constant({2.0, 0.0}, float64));
  CHECK_CLOSE(frozen, 2.5);  // asked for, though not trainable
  {
    GradientTape tape;
    const Tensor value = loss();
    optimizer.minimize(value, {x}, tape);
  }
  CHECK_CLOSE(x, constant({1.5, 0.5}, float64));
  CHECK(optimizer.iterations() == 2);
  // Variables that come into being with the loss.
  std::vector<Variable> made;
  Adam adam({.learning_rate = 0.5});
  adam.minimize(
      [&] {
        if (made.empty()) made.emplace_back(constant(2.0));
        return square(made[0]);
      },
      [&] { return made; });
  CHECK_CLOSE(made[0], 1.5, 1e-5);
}

TEST_CASE("optimizer: one of one's own, written in public ops") {
  struct SignDescent : Optimizer {
    explicit SignDescent(double learning_rate) : Optimizer({.name = "sign", .learning_rate = learning_rate}) {}
    std::vector<Variable> build_slots(const Variable& v) override { return {add_slot(v, "count")}; }
    void update(Variable& v, const Tensor& gradient, std::span<Variable> slots) override {
      v.assign_sub(sign(gradient) * learning_rate());
      slots[0].assign_add(ones_like(v));
    }
  };
  const Variable v(constant({1.0, 2.0}), {.name = "v"});
  SignDescent optimizer(0.5);
  GradientTape tape;
  const Tensor g = v * 1.0;
  const std::size_t records = tape.num_records();
  optimizer.apply_gradients(zip({g}, {v}));
  CHECK(tape.num_records() == records);  // though g is on the tape
  CHECK_CLOSE(v, constant({0.5, 1.5}));
  CHECK(optimizer.variables()[2].name() == "sign/v_count");
  CHECK_CLOSE(optimizer.variables()[2], constant({1.0, 1.0}));
}

TEST_CASE("optimizer: an optimizer can be moved") {
  Fixture f;
  Adam moved = std::move(f.optimizer);
  CHECK(moved.apply_gradients(zip({f.ga, f.gb}, {f.a, f.b})) == 2);
}

TEST_CASE("optimizer: the same steps give the same bits, with one thread and with two") {
  const auto run = [](int threads, Optimizer& optimizer) {
    const testing::Threads scope(threads);
    random::Generator generator(7);
    const std::vector<Variable> variables = {Variable(generator.normal({500, 301})), Variable(generator.normal({7})),
                                             Variable(generator.normal({80001}, 0, 1, float64))};
    for (int step = 0; step < 3; ++step) {
      optimizer.apply_gradients(
          zip({generator.normal({500, 301}), generator.normal({7}), generator.normal({80001}, 0, 1, float64)},
              {variables[0], variables[1], variables[2]}));
    }
    std::vector<Tensor> values;
    for (const auto& v : variables) values.push_back(v.peek());
    return values;
  };
  const std::vector<std::function<std::vector<Tensor>(int)>> kinds = {
      [&](int t) { return run(t, *std::make_unique<Adam>(optimizers::AdamOptions{.global_clipnorm = 1})); },
      [&](int t) {
        return run(t, *std::make_unique<SGD>(optimizers::SGDOptions{.weight_decay = 0.1, .clipvalue = 1}));
      },
      [&](int t) { return run(t, *std::make_unique<SGD>(optimizers::SGDOptions{.momentum = 0.9, .clipnorm = 1})); }};
  for (const auto& kind : kinds) {
    const auto one = kind(1), again = kind(1), two = kind(2);
    for (std::size_t i = 0; i < one.size(); ++i) {
      CHECK_SAME_BITS(one[i], again[i]);
      CHECK_SAME_BITS(one[i], two[i]);
    }
  }
}

TEST_CASE("optimizer: a steady step asks the system for no memory") {
  if (!testing::AllocationCount::available()) return;
  const std::vector<Variable> variables = {Variable(ones({20, 30})), Variable(ones({30})), Variable(ones({1}))};
  const Tensors gradients = {ones({20, 30}), Tensor(), ones({1})};
  const testing::WarningCapture warnings;
  const auto count = [&](Optimizer& optimizer) {
    for (int step = 0; step < 3; ++step) optimizer.apply_gradients(zip(gradients, variables));
    const testing::AllocationCount allocations;
    for (int step = 0; step < 20; ++step) optimizer.apply_gradients(zip(gradients, variables));
    return allocations.value();
  };
  Adam adam, clipped({.clipnorm = 0.1}), global({.weight_decay = 0.1, .global_clipnorm = 0.1});
  SGD sgd, momentum({.momentum = 0.9, .clipvalue = 0.1});
  for (Optimizer* optimizer : std::initializer_list<Optimizer*>{&adam, &clipped, &global, &sgd, &momentum}) {
    const std::int64_t allocations = count(*optimizer);
    CHECK(allocations == 0);
  }
}
