#include "optimizers/every_optimizer.hpp"

#include <cmath>

#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "support/threads.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/indexed_slices.hpp"
#include "xtape/core/random.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using testing::Common;
using testing::every_optimizer;

namespace {

Tensor gradient_of_step(int t, DType dtype = float64) {
  return cast(constant({std::sin(t), 3 * std::cos(2 * t), 0.1 * t - 0.3}, float64), dtype);
}

const Tensor ids = constant(std::vector<std::int64_t>{5, 1, 5, 9, 1, 5, 2}, {7});

/// The gradient of a sum over rows of a table, each with a weight of its own; slices unless made dense.
Tensor gradient_of_rows(const Variable& table, bool dense) {
  GradientTape tape;
  const Tensor weights = reshape(cast(arange(1, 8), table.dtype()), {7, 1});
  const Tensor g = tape.gradient(reduce_sum(square(gather(table, ids)) * weights), table);
  return dense ? g * 1 : g;
}

/// Steps of one optimizer on a variable, with these gradients.
Tensor run(optimizers::Optimizer& optimizer, const Tensor& start, const std::vector<Tensor>& gradients) {
  const Variable v(start + 0);
  for (const auto& g : gradients) optimizer.apply_gradients(zip({g}, {v}));
  return v.peek();
}

}  // namespace

TEST_CASE("every optimizer: Keras's numbers in float64, and in float32 to its precision") {
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    for (const DType dtype : {float32, float64}) {
      std::vector<Tensor> gradients;
      for (int t = 1; t <= 6; ++t) gradients.push_back(gradient_of_step(t, dtype));
      const Tensor end = run(*make(), constant({1.0, -2.0, 0.5}, dtype), gradients);
      const double tolerance = dtype == float64 ? 2e-14 : 2e-6;
      CHECK_CLOSE(end, make.after_six_steps, tolerance, tolerance);
    }
  }
}

TEST_CASE("every optimizer: a sparse gradient gives the numbers of the dense one") {
  std::vector<Common> options(6);
  options[1].weight_decay = 0.01;
  options[2].clipvalue = 0.2;
  options[3].use_ema = true;
  options[3].ema_overwrite_frequency = 2;
  options[4].gradient_accumulation_steps = 2;
  options[5].loss_scale_factor = 4;
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    for (std::size_t i = 0; i < options.size(); ++i) {
      CAPTURE(i);
      const DType dtype = i % 2 == 0 ? float32 : float64;
      const Tensor start = random::normal({10, 3}, 0, 1, dtype);
      const Variable sparse(start), dense(start);
      const auto with_slices = make(options[i]), without = make(options[i]);
      for (int step = 0; step < 4; ++step) {
        const Tensor g = gradient_of_rows(sparse, false);
        REQUIRE(indexed_slices(g));
        with_slices->apply_gradients(zip({g}, {sparse}));
        without->apply_gradients(zip({gradient_of_rows(dense, true)}, {dense}));
        CHECK_SAME_BITS(sparse.peek(), dense.peek());
      }
      const auto slots = with_slices->variables(), others = without->variables();
      for (std::size_t k = 0; k < slots.size(); ++k) CHECK_CLOSE(slots[k], others[k], 1e-6, 1e-30);
    }
  }
}

TEST_CASE("every optimizer: weight decay comes before the step") {
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    const auto decaying = make({.weight_decay = 0.25}), plain = make({.weight_decay = 0.0});
    const double factor = 1 - 0.25 * plain->learning_rate();
    const Tensor start = constant({1.0, -2.0, 0.5}, float64), g = gradient_of_step(1);
    Variable v(start + 0);
    plain->build(std::vector<Variable>{v});  // before the decay, for slots that begin as the variable
    v.assign(start * factor);
    plain->apply_gradients(zip({g}, {v}));
    CHECK_CLOSE(run(*decaying, start, {g}), v, 1e-15);
  }
}

TEST_CASE("every optimizer: clipping comes before the step") {
  const Tensor start = constant({1.0, -2.0, 0.5}, float64), g = constant({3.0, 0.1, -4.0}, float64);
  const double norm = std::sqrt(9 + 0.01 + 16);
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    const auto expected = [&](const Tensor& clipped) { return run(*make(), start, {clipped, clipped}); };
    CHECK_CLOSE(run(*make({.clipvalue = 0.5}), start, {g, g}), expected(constant({0.5, 0.1, -0.5}, float64)), 1e-14);
    CHECK_CLOSE(run(*make({.clipnorm = 0.5}), start, {g, g}), expected(g * (0.5 / norm)), 1e-13);
    CHECK_CLOSE(run(*make({.global_clipnorm = 0.5}), start, {g, g}), expected(g * (0.5 / norm)), 1e-13);
  }
}

TEST_CASE("every optimizer: the constraint is applied to dense and to sparse updates") {
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    for (const bool dense : {true, false}) {
      Variable constrained(random::normal({10, 3})), free(constrained.peek() + 0);
      constrained.set_constraint([](const Tensor& w) { return maximum(w, 0.125); });
      make()->apply_gradients(zip({gradient_of_rows(constrained, dense)}, {constrained}));
      make()->apply_gradients(zip({gradient_of_rows(free, dense)}, {free}));
      CHECK_SAME_BITS(constrained.peek(), maximum(free.peek(), 0.125));
    }
  }
}

TEST_CASE("every optimizer: the moving average of its values") {
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    const auto averaging = make({.use_ema = true, .ema_momentum = 0.75}), plain = make();
    const Variable v(constant({1.0, -2.0, 0.5}, float64), {.name = "v"}), w(v.peek() + 0);
    Tensor average;
    for (int t = 1; t <= 4; ++t) {
      averaging->apply_gradients(zip({gradient_of_step(t)}, {v}));
      plain->apply_gradients(zip({gradient_of_step(t)}, {w}));
      CHECK_SAME_BITS(v.peek(), w.peek());
      average = t == 1 ? w.peek() + 0 : average * 0.75 + w * 0.25;
      const Variable kept = averaging->variables()[2];
      CHECK(kept.name() == averaging->name() + "/v_average");
      CHECK_CLOSE(kept, average, 1e-15, 1e-15);
    }
    averaging->finalize_variable_values(std::vector<Variable>{v});
    CHECK_CLOSE(v, average, 1e-15, 1e-15);
  }
}

TEST_CASE("every optimizer: accumulated gradients make the step of their mean") {
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    const auto one = make({.weight_decay = 0.05}),
               three = make({.weight_decay = 0.05, .gradient_accumulation_steps = 3});
    const Variable v(constant({1.0, -2.0, 0.5}, float64)), w(v.peek() + 0);
    for (int epoch = 0; epoch < 4; ++epoch) {
      Tensor mean = zeros({3}, float64);
      for (int t = 3 * epoch; t < 3 * epoch + 3; ++t) {
        const Tensor before = w.peek() + 0;
        three->apply_gradients(zip({gradient_of_step(t)}, {w}));
        if (t % 3 != 2) CHECK_SAME_BITS(w.peek(), before);
        mean = mean + gradient_of_step(t) / 3.0;
      }
      one->apply_gradients(zip({mean}, {v}));
      CHECK_CLOSE(w, v, 1e-12, 1e-12);
      CHECK(three->iterations() == one->iterations());
    }
  }
}

TEST_CASE("every optimizer: the learning rate of a schedule is that of the step") {
  const std::vector<double> rates = {0.1, 0.02, 0.3, 0.05};
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    const auto scheduled =
        make({.learning_rate = [rates](std::int64_t step) { return rates[static_cast<std::size_t>(step)]; }});
    const auto set = make();
    const Variable v(constant({1.0, -2.0, 0.5}, float64)), w(v.peek() + 0);
    for (int t = 0; t < 4; ++t) {
      set->set_learning_rate(rates[static_cast<std::size_t>(t)]);
      CHECK(scheduled->learning_rate() == rates[static_cast<std::size_t>(t)]);
      scheduled->apply_gradients(zip({gradient_of_step(t)}, {v}));
      set->apply_gradients(zip({gradient_of_step(t)}, {w}));
      CHECK_SAME_BITS(v.peek(), w.peek());
    }
  }
}

TEST_CASE("every optimizer: its variables are its whole state, at any step") {
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    for (const int before : {0, 1, 4, 5}) {
      CAPTURE(before);
      const Common options{.weight_decay = 0.1,
                           .clipnorm = 1,
                           .use_ema = true,
                           .ema_momentum = 0.8,
                           .ema_overwrite_frequency = 2,
                           .gradient_accumulation_steps = 3};
      const auto first = make(options), second = make(options);
      const Variable a(constant({1.0, -2.0, 0.5}), {.name = "a"}), b(constant({{3.0, 4.0, 5.0}}), {.name = "b"});
      const auto step = [](optimizers::Optimizer& optimizer, int t, const Variable& x, const Variable& y) {
        const Tensor g = gradient_of_step(t, float32);
        optimizer.apply_gradients(zip({g, reshape(g * 2, {1, 3})}, {x, y}));
      };
      first->build(std::vector<Variable>{a, b});
      for (int t = 0; t < before; ++t) step(*first, t, a, b);
      const Variable c(a.peek() + 0, {.name = "a"}), d(b.peek() + 0, {.name = "b"});
      second->set_learning_rate(123);
      second->build(std::vector<Variable>{c, d});
      const auto saved = first->variables();
      auto restored = second->variables();
      REQUIRE(restored.size() == saved.size());
      for (std::size_t i = 0; i < saved.size(); ++i) {
        CHECK(restored[i].name() == saved[i].name());
        CHECK_FALSE(saved[i].trainable());
        restored[i].assign(saved[i]);
      }
      for (int t = before; t < before + 7; ++t) {
        step(*first, t, a, b);
        step(*second, t, c, d);
        CHECK_SAME_BITS(a.peek(), c.peek());
        CHECK_SAME_BITS(b.peek(), d.peek());
      }
      CHECK(first->iterations() == second->iterations());
    }
  }
}

TEST_CASE("every optimizer: goes down a quadratic function") {
  const Tensor factors = constant({1.0, 3.0, 0.5}, float64), minimum = constant({0.5, -1.0, 2.0}, float64);
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    // Ftrl's strengths pull to zero, so that its minimum is another one.
    const bool regularised = make.name == "Ftrl";
    const Variable w(constant({4.0, -4.0, -2.0}, float64));
    const auto loss = [&] { return reduce_sum(square(w - minimum) * factors); };
    Common options;
    if (make.name == "Ftrl power") options.learning_rate = 5;   // takes ever smaller steps
    if (make.name == "Adadelta") options.learning_rate = 0.05;  // takes ever larger ones, until it overshoots
    const auto optimizer = make(options);
    const double before = loss().item();
    for (int step = 0; step < 2000; ++step) optimizer->minimize(loss, {w});
    const double after = loss().item();
    CHECK(after < (regularised ? 0.3 : 0.01) * before);
  }
}

TEST_CASE("every optimizer: the same bits with one thread and with two") {
  for (const auto& make : every_optimizer()) {
    CAPTURE(make.name);
    const auto end = [&](int threads) {
      const testing::Threads scope(threads);
      random::Generator generator(7);
      const Tensor start = generator.normal({70001});
      return run(*make({.weight_decay = 0.1}), start, {generator.normal({70001}), generator.normal({70001})});
    };
    CHECK_SAME_BITS(end(2), end(1));
  }
}

TEST_CASE("every optimizer: a steady step asks the system for no memory") {
  if (!testing::AllocationCount::available()) return;
  std::vector<Variable> variables = {Variable(ones({20, 300})), Variable(ones({30})), Variable(ones({1}))};
  variables[1].set_constraint([](const Tensor& w) { return maximum(w, 0.5); });
  const Tensors gradients = {ones({20, 300}), ones({30}), ones({1})};
  std::vector<Common> options(3);
  options[1].weight_decay = 0.1;
  options[1].use_ema = true;
  options[1].ema_overwrite_frequency = 2;
  options[1].loss_scale_factor = 4;
  options[2].clipnorm = 0.1;
  options[2].gradient_accumulation_steps = 2;
  for (const auto& make : every_optimizer()) {
    for (const auto& common : options) {
      const auto optimizer = make(common);
      for (int step = 0; step < 4; ++step) optimizer->apply_gradients(zip(gradients, variables));
      const testing::AllocationCount allocations;
      for (int step = 0; step < 10; ++step) optimizer->apply_gradients(zip(gradients, variables));
      const std::int64_t count = allocations.value();
      CAPTURE(make.name);
      CHECK(count == 0);
    }
  }
}
