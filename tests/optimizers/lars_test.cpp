#include "xtape/optimizers/lars.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"

using namespace xtape;
using optimizers::LARS;

namespace {

double norm(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += x * x;
  return std::sqrt(sum);
}

Variable named(const char* name, const std::vector<double>& values) {
  return Variable(constant(values, {static_cast<std::int64_t>(values.size())}), {.name = name});
}

}  // namespace

TEST_CASE("LARS: the first step has the length of a part of the variable, whatever the size of the gradient") {
  for (const double size : {1e-6, 1.0, 1e6}) {
    LARS optimizer({.learning_rate = 0.5, .trust_coefficient = 0.02});
    const Variable w = named("kernel", {3, -4});
    optimizer.apply_gradients(zip({constant({6.0, 8.0}, float64) * size}, {w}));
    // 0.5 * 0.02 * |w| = 0.05, along (0.6, 0.8)
    CHECK_CLOSE(w, {3 - 0.03, -4 - 0.04}, 1e-14);
  }
}

TEST_CASE("LARS: the paper's algorithm with weight decay, with both forms of the momentum, over several steps") {
  const double rate = 0.1, momentum = 0.8, trust = 0.3, decay = 0.25;
  for (const bool nesterov : {false, true}) {
    CAPTURE(nesterov);
    LARS optimizer({.learning_rate = rate,
                    .momentum = momentum,
                    .nesterov = nesterov,
                    .trust_coefficient = trust,
                    .weight_decay_rate = decay});
    std::vector<double> w = {1.0, -2.0, 0.5}, velocity = {0, 0, 0};
    const Variable v = named("kernel", w);
    for (int t = 1; t <= 8; ++t) {
      const std::vector<double> g = {std::sin(t), 3 * std::cos(2 * t), 0.1 * t - 0.3};
      optimizer.apply_gradients(zip({constant(g, {3})}, {v}));
      const double local = trust * norm(w) / (norm(g) + decay * norm(w));
      for (std::size_t i = 0; i < 3; ++i) {
        const double down = rate * local * (g[i] + decay * w[i]);
        velocity[i] = momentum * velocity[i] + down;
        w[i] -= nesterov ? momentum * velocity[i] + down : velocity[i];
      }
      CHECK_CLOSE(v, w, 1e-14, 1e-14);
    }
    CHECK(optimizer.variables()[2].name() == "lars/kernel_momentum");
    CHECK_CLOSE(optimizer.variables()[2], {-velocity[0], -velocity[1], -velocity[2]}, 1e-14, 1e-14);
  }
}

TEST_CASE("LARS: excluded variables take steps with momentum; no decay alone keeps the ratio") {
  LARS optimizer({.learning_rate = 0.5, .momentum = 0.5, .trust_coefficient = 0.02, .weight_decay_rate = 0.25});
  optimizer.exclude_from_weight_decay({}, {"free"});
  const Variable bias = named("dense/bias", {3, -4}), scale = named("norm/gamma", {3, -4}),
                 undecayed = named("free/kernel", {3, -4});
  const Tensor g = constant({6.0, 8.0}, float64);
  for (int step = 0; step < 2; ++step) optimizer.apply_gradients(zip({g, g, g}, {bias, scale, undecayed}));
  // -0.5 g, then -0.75 g
  CHECK_CLOSE(bias, {3 - 1.25 * 6, -4 - 1.25 * 8}, 1e-14);
  CHECK_CLOSE(scale, bias, 0, 0);
  const double second = 0.5 * 0.02 * norm({2.97, -4.04}) / 10;
  CHECK_CLOSE(undecayed, {2.97 - 0.015 - second * 6, -4.04 - 0.02 - second * 8}, 1e-14);

  CHECK(optimizers::LARSOptions().exclude_from_layer_adaptation == std::vector<std::string>{"bias", "gamma", "beta"});
  LARS adapts_all({.learning_rate = 0.5, .trust_coefficient = 0.02, .exclude_from_layer_adaptation = {}});
  const Variable adapted = named("dense/bias", {3, -4});
  adapts_all.apply_gradients(zip({g}, {adapted}));
  CHECK_CLOSE(adapted, {2.97, -4.04}, 1e-14);
}

TEST_CASE("LARS: a norm of zero makes the ratio 1; nothing to update is no step into NaN") {
  LARS optimizer({.learning_rate = 0.5, .weight_decay_rate = 0.1});
  const Variable zero = named("a", {0, 0}), still = named("b", {2, 2}), none = named("c", {});
  optimizer.apply_gradients(
      zip({constant({6.0, 8.0}, float64), zeros({2}, float64), zeros({0}, float64)}, {zero, still, none}));
  CHECK_CLOSE(zero, {-3.0, -4.0}, 0, 0);
  CHECK_CLOSE(still, {1.9, 1.9}, 1e-15);
}

TEST_CASE("LARS: wrong options are refused") {
  CHECK_THROWS_TEXT(ValueError, "[LARS] expected momentum in [0, 1], received 2", LARS({.momentum = 2}));
  CHECK_THROWS_TEXT(ValueError, "[LARS] expected trust_coefficient > 0, received 0", LARS({.trust_coefficient = 0}));
  CHECK_THROWS_TEXT(ValueError,
                    "[LARS] `weight_decay_rate` needs to be positive or zero. Received: weight_decay_rate=-1",
                    LARS({.weight_decay_rate = -1}));
}
