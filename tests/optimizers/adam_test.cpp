#include "xtape/optimizers/adam.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

using namespace xtape;
using optimizers::Adam;

TEST_CASE("Adam: Keras's single step") {
  Adam optimizer({.learning_rate = 0.5});
  const Variable v(constant({1.0, 2.0, 3.0, 4.0}));
  CHECK(optimizer.apply_gradients(zip({constant({1.0, 6.0, 7.0, 2.0})}, {v})) == 1);
  CHECK_CLOSE(v, constant({0.5, 1.5, 2.5, 3.5}), 1e-5);
}

TEST_CASE("Adam: Keras's golden sequence") {
  // adam_test.py, test_correctness_with_golden, with its tolerance. Its amsgrad makes no difference: v only grows.
  Adam optimizer;
  const Variable x(ones({10}));
  const Tensor growing = constant({0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0});
  optimizer.apply_gradients(zip({full({10}, 0.01)}, {x}));
  for (double golden : {0.999, 0.9982, 0.9974, 0.9965, 0.9955}) {
    CHECK_CLOSE(x, full({10}, golden), 5e-4, 5e-4);
    optimizer.apply_gradients(zip({growing}, {x}));
  }
}

TEST_CASE_TEMPLATE("Adam: against the paper's algorithm by hand", T, float, double) {
  // Kingma and Ba, algorithm 1 with the order of section 2's last paragraph, where epsilon is added to sqrt(v).
  const double rate = 0.01, beta_1 = 0.8, beta_2 = 0.95, epsilon = 1e-3;
  const double tolerance = std::is_same_v<T, float> ? 2e-6 : 1e-13;
  Adam optimizer({.learning_rate = rate, .beta_1 = beta_1, .beta_2 = beta_2, .epsilon = epsilon});
  const Variable w(constant({1.0, -2.0, 0.5}, dtype_of<T>), {.name = "dense/kernel"});
  std::vector<double> expected = {1, -2, 0.5}, m(3), v(3);
  for (int t = 1; t <= 20; ++t) {
    const std::vector<double> g = {std::sin(t), std::cos(t) * 20, 0.001};
    CHECK(optimizer.apply_gradients(zip({cast(constant(g), dtype_of<T>)}, {w})) == t);
    const double alpha = rate * std::sqrt(1 - std::pow(beta_2, t)) / (1 - std::pow(beta_1, t));
    for (std::size_t i = 0; i < 3; ++i) {
      m[i] = beta_1 * m[i] + (1 - beta_1) * g[i];
      v[i] = beta_2 * v[i] + (1 - beta_2) * g[i] * g[i];
      expected[i] -= alpha * m[i] / (std::sqrt(v[i]) + epsilon);
    }
    CHECK_CLOSE(w, expected, tolerance, tolerance);
  }
  const auto state = optimizer.variables();
  REQUIRE(state.size() == 4);
  CHECK(state[2].name() == "adam/dense_kernel_momentum");
  CHECK(state[3].name() == "adam/dense_kernel_velocity");
  CHECK_CLOSE(state[2], m, tolerance * 5, tolerance);
  CHECK_CLOSE(state[3], v, tolerance * 5, tolerance);
}

TEST_CASE("Adam: float32 keeps 1 - beta_2 to the last digit") {
  // After the first step v = g^2 (1 - beta_2); with 1 - 0.999f it would be 5e-5 off.
  Adam optimizer;
  const Variable w(constant({1.0}));
  optimizer.apply_gradients(zip({constant({2.0})}, {w}));
  CHECK_CLOSE(optimizer.variables()[3], {0.004}, 2e-7);
}

TEST_CASE("Adam: a constant gradient moves by lr g / (|g| + epsilon / sqrt(1 - beta_2^t)), however small or large") {
  for (double g : {1e-30, -1e-9, 1e-7, 1.0, 1e15}) {
    CAPTURE(g);
    Adam optimizer;
    const Variable w(constant(0.0, float64));
    double expected = 0;
    for (int t = 1; t <= 5; ++t) {
      optimizer.apply_gradients(zip({constant(g, float64)}, {w}));
      expected -= 0.001 * g / (std::abs(g) + 1e-7 / std::sqrt(1 - std::pow(0.999, t)));
      CHECK_CLOSE(w, expected, 1e-11);
    }
  }
}

TEST_CASE("Adam: Keras's weight decay") {
  Adam optimizer({.learning_rate = 1.0, .weight_decay = 0.004});
  const Variable w(constant(2.0));
  for (int i = 0; i < 3; ++i) optimizer.apply_gradients(zip({constant(0.0)}, {w}));
  CHECK_CLOSE(w, 1.9760959, 1e-7);  // adam_test.py, test_weight_decay
}

TEST_CASE("Adam: wrong options are refused") {
  CHECK_THROWS_TEXT(ValueError, "[Adam] expected beta_1 and beta_2 in [0, 1), received 1 and 0.999",
                    Adam({.beta_1 = 1.0}));
  CHECK_THROWS_TEXT(ValueError, "received 0.9 and -0.1", Adam({.beta_2 = -0.1}));
  CHECK_THROWS_TEXT(ValueError, "[Adam] expected epsilon >= 0, received -1", Adam({.epsilon = -1}));
}
