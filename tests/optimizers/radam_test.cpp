#include "xtape/optimizers/radam.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

using namespace xtape;
using optimizers::RAdam;

// With a constant gradient g, m and v after t steps are g (1 - beta_1^t) and g^2 (1 - beta_2^t). A step that does not
// divide is then rate g, whatever beta_1; one that does is rate r g / (|g| + epsilon / sqrt(1 - beta_2^t)).
TEST_CASE("RAdam: steps of a constant gradient in closed form") {
  const double rate = 0.01, beta_2 = 0.8, epsilon = 0.1;
  RAdam optimizer({.learning_rate = rate, .beta_1 = 0.7, .beta_2 = beta_2, .epsilon = epsilon});
  const std::vector<double> gradient = {0.5, -3.0, 0.0};
  std::vector<double> expected = {1.0, -2.0, 0.5};
  const Variable w(constant(expected, {3}), {.name = "w"});
  int divided = 0;
  for (int t = 1; t <= 12; ++t) {
    optimizer.apply_gradients(zip({constant(gradient, {3})}, {w}));
    // The lengths of the paper: R = 9, and 9 - 2 t 0.8^t / (1 - 0.8^t), which passes 5 in step 7.
    const double power = std::pow(beta_2, t), length = 9 - 2 * t * power / (1 - power);
    CHECK((length > 5) == (t >= 7));
    const double r = t < 7 ? 0 : std::sqrt((length - 4) / 5 * (length - 2) / 7 * 9 / length);
    divided += t >= 7;
    for (std::size_t i = 0; i < 3; ++i) {
      const double g = gradient[i];
      expected[i] -= t < 7 ? rate * g : rate * r * g / (std::abs(g) + epsilon / std::sqrt(1 - power));
    }
    CHECK_CLOSE(w, expected, 1e-14, 1e-14);
  }
  CHECK(divided == 6);
  const auto state = optimizer.variables();
  REQUIRE(state.size() == 4);
  CHECK(state[2].name() == "radam/w_momentum");
  CHECK(state[3].name() == "radam/w_velocity");
}

TEST_CASE("RAdam: with the default decays the first five steps are those of momentum alone") {
  RAdam optimizer({.learning_rate = 0.5, .weight_decay = 0.2});
  const Variable w(constant({4.0}, float64)), free(constant({4.0}, float64));
  RAdam without({.learning_rate = 0.5});
  double expected = 4, undecayed = 4;
  for (int t = 1; t <= 5; ++t) {
    optimizer.apply_gradients(zip({constant({2.0}, float64)}, {w}));
    without.apply_gradients(zip({constant({2.0}, float64)}, {free}));
    expected = expected * 0.9 - 1;
    undecayed -= 1;
    CHECK_CLOSE(w, {expected}, 1e-13, 1e-13);
    CHECK_CLOSE(free, {undecayed}, 1e-13, 1e-13);
  }
  without.apply_gradients(zip({constant({2.0}, float64)}, {free}));
  CHECK(free.peek().item() > undecayed - 0.1);  // r is small in the beginning
  CHECK(free.peek().item() < undecayed);
}

TEST_CASE("RAdam: wrong options are refused") {
  CHECK_THROWS_TEXT(ValueError, "[RAdam] expected beta_1 and beta_2 in [0, 1), received 0.9 and 1",
                    RAdam({.beta_2 = 1}));
  CHECK_THROWS_TEXT(ValueError, "[RAdam] expected epsilon >= 0, received -1", RAdam({.epsilon = -1}));
}
