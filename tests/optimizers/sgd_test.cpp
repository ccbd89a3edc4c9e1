#include "xtape/optimizers/sgd.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

using namespace xtape;
using optimizers::SGD;

namespace {
const Tensor growing = constant({0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0});
}

TEST_CASE("SGD: Keras's single step") {
  SGD optimizer({.learning_rate = 0.5});
  const Variable v(constant({1.0, 2.0, 3.0, 4.0}));
  CHECK(optimizer.apply_gradients(zip({constant({1.0, 6.0, 7.0, 2.0})}, {v})) == 1);
  CHECK_CLOSE(v, constant({0.5, -1.0, -0.5, 3.0}));
  CHECK(optimizer.variables().size() == 2);  // no slots
}

TEST_CASE("SGD: Keras's golden sequence") {
  // sgd_test.py, test_correctness_with_golden: momentum is 0, so nesterov changes nothing.
  SGD optimizer({.nesterov = true});
  const Variable x(ones({10}));
  optimizer.apply_gradients(zip({full({10}, 0.01)}, {x}));
  for (int step = 0; step < 5; ++step) {
    CHECK_CLOSE(x, 0.9999 - growing * (0.01 * step), 1e-6);
    optimizer.apply_gradients(zip({growing}, {x}));
  }
}

TEST_CASE_TEMPLATE("SGD: momentum and nesterov against the recurrence by hand", T, float, double) {
  const double rate = 0.1, momentum = 0.9, tolerance = std::is_same_v<T, float> ? 2e-6 : 1e-13;
  for (bool nesterov : {false, true}) {
    CAPTURE(nesterov);
    SGD optimizer({.learning_rate = rate, .momentum = momentum, .nesterov = nesterov});
    const Variable w(constant({1.0, -2.0, 0.5}, dtype_of<T>), {.name = "w"});
    std::vector<double> expected = {1, -2, 0.5}, velocity(3);
    for (int t = 1; t <= 10; ++t) {
      const std::vector<double> g = {std::sin(t), std::cos(t) * 2, 0.3};
      optimizer.apply_gradients(zip({cast(constant(g), dtype_of<T>)}, {w}));
      for (std::size_t i = 0; i < 3; ++i) {
        velocity[i] = momentum * velocity[i] - rate * g[i];
        expected[i] += nesterov ? momentum * velocity[i] - rate * g[i] : velocity[i];
      }
      CHECK_CLOSE(w, expected, tolerance, tolerance);
    }
    const auto state = optimizer.variables();
    REQUIRE(state.size() == 3);
    CHECK(state[2].name() == "SGD/w_momentum");
    CHECK_CLOSE(state[2], velocity, tolerance, tolerance);
  }
}

TEST_CASE("SGD: a constant gradient's momentum is a geometric series") {
  SGD optimizer({.learning_rate = 0.5, .momentum = 0.75});
  const Variable w(constant(0.0, float64));
  double position = 0;
  for (int t = 1; t <= 8; ++t) {
    optimizer.apply_gradients(zip({constant(2.0, float64)}, {w}));
    position -= 0.5 * 2 * (1 - std::pow(0.75, t)) / (1 - 0.75);
    CHECK_CLOSE(w, position, 1e-14);
  }
}

TEST_CASE("SGD: Keras's weight decay") {
  // sgd_test.py, test_weight_decay: three steps of w -= w 0.004 with gradients of 0.
  SGD optimizer({.learning_rate = 1.0, .weight_decay = 0.004});
  const Variable w(constant(2.0));
  for (int i = 0; i < 3; ++i) optimizer.apply_gradients(zip({constant(0.0)}, {w}));
  CHECK_CLOSE(w, 1.9760959, 1e-7);
  SGD without({.weight_decay = 0});
  without.apply_gradients(zip({constant(0.0)}, {w}));
  CHECK_CLOSE(w, 1.9760959, 1e-7);
}

TEST_CASE("SGD: wrong options are refused") {
  for (double momentum : {-0.1, 1.5, std::nan("")}) {
    CHECK_THROWS_TEXT(ValueError, "[SGD] expected momentum in [0, 1], received", SGD({.momentum = momentum}));
  }
  CHECK_THROWS_TEXT(ValueError, "[SGD] expected weight_decay >= 0, received -1", SGD({.weight_decay = -1}));
  CHECK_THROWS_TEXT(ValueError, "[Optimizer.learning_rate] expected a finite number, received nan",
                    SGD({.learning_rate = std::nan("")}));
}
