#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/sgd.hpp"

using namespace xtape;
using optimizers::Adam;
using optimizers::SGD;

namespace {

/// The gradients that reach the update, read off a step of SGD with rate 1 from zero.
std::vector<Tensor> clipped(const optimizers::SGDOptions& options, const std::vector<Tensor>& gradients) {
  SGD optimizer(options);
  std::vector<Variable> variables;
  for (const auto& g : gradients) variables.emplace_back(zeros_like(g));
  optimizer.apply_gradients(zip(gradients, variables));
  std::vector<Tensor> results;
  for (const auto& v : variables) results.push_back(-v);
  return results;
}

}  // namespace

TEST_CASE("clipping: Keras's numbers") {
  // optimizer_test.py, test_clip_norm, test_clip_value, test_global_clip_norm
  const std::vector<Tensor> gradient = {constant({100.0, 100.0})};
  CHECK_CLOSE(clipped({.learning_rate = 1, .clipnorm = 1}, gradient)[0], constant({std::sqrt(0.5), std::sqrt(0.5)}));
  CHECK_CLOSE(clipped({.learning_rate = 1, .clipvalue = 1}, gradient)[0], constant({1.0, 1.0}));
  CHECK_CLOSE(clipped({.learning_rate = 1, .global_clipnorm = 1}, {constant({50.0, 100.0})})[0],
              constant({1 / std::sqrt(5.0), 2 / std::sqrt(5.0)}));
}

TEST_CASE("clipping: clipnorm takes each gradient alone, global_clipnorm all together") {
  const std::vector<Tensor> gradients = {constant({3.0, 4.0}, float64),
                                         constant({{12.0}}, float64)};  // norms 5, 12, 13
  const auto each = clipped({.learning_rate = 1, .clipnorm = 6}, gradients);
  CHECK_CLOSE(each[0], gradients[0]);
  CHECK_CLOSE(each[1], constant({{6.0}}, float64));
  const auto together = clipped({.learning_rate = 1, .global_clipnorm = 6.5}, gradients);
  CHECK_CLOSE(together[0], gradients[0] / 2);
  CHECK_CLOSE(together[1], gradients[1] / 2);
  const auto values = clipped({.learning_rate = 1, .clipvalue = 3.5}, {constant({-3.0, -4.0, 12.0})});
  CHECK_CLOSE(values[0], constant({-3.0, -3.5, 3.5}));
}

TEST_CASE("clipping: below the limit nothing changes, not a bit") {
  const std::vector<Tensor> gradients = {constant({0.1, -0.3}), constant({0.7})};
  for (const auto& options : {optimizers::SGDOptions{.learning_rate = 1, .clipnorm = 1},
                              {.learning_rate = 1, .clipvalue = 1},
                              {.learning_rate = 1, .global_clipnorm = 1}}) {
    const auto results = clipped(options, gradients);
    for (std::size_t i = 0; i < 2; ++i) CHECK_SAME_BITS(results[i], gradients[i]);
  }
}

TEST_CASE("clipping: the caller's gradients stay as they are") {
  const Tensor gradient = constant({100.0, 100.0}), before = constant({100.0, 100.0});
  for (const auto& options :
       {optimizers::SGDOptions{.clipnorm = 1}, {.clipvalue = 1}, {.global_clipnorm = 1}, {.momentum = 0.5}}) {
    SGD optimizer(options);
    const Variable v(zeros({2}));
    optimizer.apply_gradients(zip({gradient}, {v}));
    CHECK_SAME_BITS(gradient, before);
  }
}

TEST_CASE("clipping: gradients whose squares overflow float64 or vanish, and factors below float32's range") {
  for (const double size : {1e200, 1e-200, 1e307}) {
    CAPTURE(size);
    const double limit = size < 1 ? size : 1;
    const Tensor a = constant({3 * size, 0.0, -4 * size}, float64), b = constant({12 * size}, float64);
    CHECK_CLOSE(clipped({.learning_rate = 1, .clipnorm = limit}, {a})[0] / limit, {0.6, 0, -0.8}, 1e-12);
    const auto all = clipped({.learning_rate = 1, .global_clipnorm = limit}, {a, b});
    CHECK_CLOSE(all[0] / limit, {3.0 / 13, 0, -4.0 / 13}, 1e-12);
    CHECK_CLOSE(all[1] / limit, {12.0 / 13}, 1e-12);
  }
  // Of a norm that overflows, itself.
  const Tensor many = full({16}, 1e308, float64);
  CHECK_CLOSE(clipped({.learning_rate = 1, .clipnorm = 1}, {many})[0], full({16}, 0.25), 1e-12);
  CHECK_CLOSE(clipped({.learning_rate = 1, .global_clipnorm = 1}, {many})[0], full({16}, 0.25), 1e-12);
  const Tensor large = full({10000}, 3e38F);
  CHECK_CLOSE(clipped({.learning_rate = 1, .clipnorm = 1e-3}, {large})[0], full({10000}, 1e-5), 1e-6);
  CHECK_CLOSE(clipped({.learning_rate = 1, .global_clipnorm = 1e-3}, {large})[0], full({10000}, 1e-5), 1e-6);
  const Tensor infinite = constant({1e200, HUGE_VAL}, float64), nan = constant({1e200, double(NAN)}, float64);
  CHECK_CLOSE(clipped({.learning_rate = 1, .clipnorm = 1}, {infinite})[0], {0, NAN});
  CHECK_CLOSE(clipped({.learning_rate = 1, .global_clipnorm = 1}, {infinite})[0], {NAN, NAN});
  CHECK_CLOSE(clipped({.learning_rate = 1, .clipnorm = 1}, {nan})[0], {NAN, NAN});
}

TEST_CASE("clipping: gradients whose squares overflow float32, of zero, and not finite") {
  // Squares of 1e30 are beyond float32, the norm is taken in double.
  CHECK_CLOSE(clipped({.learning_rate = 1, .clipnorm = 1}, {constant({1e30, 0.0})})[0], constant({1.0, 0.0}));
  CHECK_CLOSE(clipped({.learning_rate = 1, .global_clipnorm = 1}, {constant({1e30, 0.0})})[0], constant({1.0, 0.0}));
  CHECK_CLOSE(clipped({.learning_rate = 1, .clipnorm = 1}, {zeros({2})})[0], zeros({2}));
  CHECK_CLOSE(clipped({.learning_rate = 1, .global_clipnorm = 1}, {zeros({2})})[0], zeros({2}));
  // As in Keras: an infinite norm leaves zeros beside NaN, a global one turns everything into NaN.
  CHECK_CLOSE(clipped({.learning_rate = 1, .clipnorm = 1}, {constant({HUGE_VAL, 2.0})})[0], {NAN, 0});
  CHECK_CLOSE(clipped({.learning_rate = 1, .clipvalue = 1}, {constant({HUGE_VAL, std::nan("")})})[0], {1, NAN});
  const auto all = clipped({.learning_rate = 1, .global_clipnorm = 1}, {constant({HUGE_VAL, 2.0}), constant({1.0})});
  CHECK_CLOSE(all[0], {NAN, NAN});
  CHECK_CLOSE(all[1], {NAN});
  const auto nan = clipped({.learning_rate = 1, .clipnorm = 1}, {constant({std::nan(""), 2.0})});
  CHECK_CLOSE(nan[0], {NAN, NAN});
}

TEST_CASE("clipping: one kind at a time, and positive") {
  CHECK_THROWS_TEXT(ValueError,
                    "[SGD] Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set: clipnorm=0.1, "
                    "clipvalue=0.2, global_clipnorm=unset",
                    SGD({.clipnorm = 0.1, .clipvalue = 0.2}));
  CHECK_THROWS_TEXT(ValueError, "[adam] Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set",
                    Adam({.clipnorm = 0.1, .global_clipnorm = 0.1}));
  CHECK_THROWS_TEXT(ValueError, "[adam] expected clipnorm > 0, received -1", Adam({.clipnorm = -1}));
  CHECK_THROWS_TEXT(ValueError, "[SGD] expected clipvalue > 0, received 0", SGD({.clipvalue = 0}));
  CHECK_THROWS_TEXT(ValueError, "expected global_clipnorm > 0, received inf", SGD({.global_clipnorm = HUGE_VAL}));
}
