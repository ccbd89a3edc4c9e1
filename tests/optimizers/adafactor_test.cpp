#include "xtape/optimizers/adafactor.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

using namespace xtape;
using optimizers::Adafactor;

TEST_CASE("Adafactor: Keras's single step of a matrix") {
  Adafactor optimizer({.learning_rate = 0.5});
  const Variable v(constant({{1.0, 2.0}, {3.0, 4.0}}));
  optimizer.apply_gradients(zip({constant({{1.0, 6.0}, {7.0, 2.0}})}, {v}));
  CHECK_CLOSE(v, constant({{0.7007, -0.0081}, {1.2492, 3.4407}}), 1e-4, 1e-4);
}

TEST_CASE("Adafactor: matrices and stacks of them as in Keras's code, run with numpy in float64") {
  Adafactor optimizer(
      {.learning_rate = 0.3, .beta_2_decay = -0.6, .epsilon_1 = 1e-3, .epsilon_2 = 0.1, .clip_threshold = 0.7});
  const Variable v(constant({{1.0, -2.0, 0.5}, {0.3, 0.4, -0.7}}, float64), {.name = "dense/kernel"});
  const auto row = [](int t) { return constant({std::sin(t), 3 * std::cos(2 * t), 0.1 * t - 0.3}, float64); };
  for (int t = 1; t <= 6; ++t) optimizer.apply_gradients(zip({stack({row(t), row(t + 1) * 2 - 0.1})}, {v}));
  CHECK_CLOSE(v,
              {0.9238984449661305, -1.920188956431949, 0.3619775978594074, 0.5092881755672263, 0.43685372665127425,
               -1.4325662989824142},
              1e-13);
  const auto state = optimizer.variables();
  REQUIRE(state.size() == 4);
  CHECK(state[2].name() == "adafactor/dense_kernel_r");
  CHECK(state[3].name() == "adafactor/dense_kernel_c");
  CHECK_CLOSE(state[2], constant({1.878843328032732, 5.375081536977323}, float64), 1e-13);
  CHECK_CLOSE(state[3], constant({1.1050127930228963, 9.626871509240194, 0.14900299525199162}, float64), 1e-13);

  Adafactor of_stacks({.learning_rate = 0.3});
  const Tensor numbers = reshape(cast(arange(12), float64), {2, 2, 3});
  const Variable w(numbers / 7.0 - 1.0);
  for (int t = 1; t <= 3; ++t) of_stacks.apply_gradients(zip({sin(numbers * t) + 0.1}, {w}));
  CHECK_CLOSE(w,
              {-1.255766254643647, -1.268107883344611, -0.6615917906348406, -0.9196321237641691, -0.40881166381957135,
               -0.20034302004303334, 0.26814670471024904, -0.5937840664030365, 0.22676004376546915, 0.0408799660678969,
               0.5052968976638376, 0.4631638679161027},
              1e-13);
}

TEST_CASE("Adafactor: wrong options are refused; nothing to update is no step into NaN") {
  CHECK_THROWS_TEXT(ValueError, "[Adafactor] expected beta_2_decay <= 0, received 1", Adafactor({.beta_2_decay = 1}));
  CHECK_THROWS_TEXT(ValueError, "[Adafactor] expected clip_threshold > 0, received 0",
                    Adafactor({.clip_threshold = 0}));
  CHECK_THROWS_TEXT(ValueError, "[Adafactor] `epsilon_1` needs to be positive or zero. Received: epsilon_1=-1",
                    Adafactor({.epsilon_1 = -1}));
  Adafactor optimizer;
  const Variable none(zeros({3, 0})), still(ones({2, 2}));
  optimizer.apply_gradients(zip({zeros({3, 0}), zeros({2, 2})}, {none, still}));
  CHECK_TENSOR_EQ(still.peek(), ones({2, 2}));
}
