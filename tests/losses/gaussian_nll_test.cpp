#include "xtape/losses/gaussian_nll.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/any_loss.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {

/// -log of the density of a normal distribution.
double nll(double y, double mean, double variance) {
  return -std::log(std::exp(-(y - mean) * (y - mean) / (2 * variance)) / std::sqrt(2 * std::acos(-1.0) * variance));
}

}  // namespace

TEST_CASE("gaussian_nll: minus the log of the density") {
  const Tensor y = constant({{1.0, 2.0}, {0.5, -1.0}}, float64);
  const Tensor v = constant({{0.5, 2.5, 0.25, 2.0}, {0.5, 1.0, 1.0, 4.0}}, float64);
  const double first = (nll(1, 0.5, 0.25) + nll(2, 2.5, 2)) / 2, second = (nll(0.5, 0.5, 1) + nll(-1, 1, 4)) / 2;
  CHECK_CLOSE(losses::gaussian_nll(y, v, {.full = true}), {first, second}, 1e-14);
  const double constant_term = 0.5 * std::log(2 * std::acos(-1.0));
  CHECK_CLOSE(losses::gaussian_nll(y, v), {first - constant_term, second - constant_term}, 1e-14);
  CHECK_CLOSE(losses::GaussianNLL({.full = true})(y, v), (first + second) / 2, 1e-14);
  CHECK_CLOSE(AnyLoss("gaussian_nll")(cast(y, float32), cast(v, float32)), (first + second) / 2 - constant_term, 1e-6);
  CHECK_CLOSE(losses::gaussian_nll(constant({1.0, 0.5}), constant({{0.5, 0.25}, {0.5, 1.0}}), {.full = true}),
              {nll(1, 0.5, 0.25), nll(0.5, 0.5, 1)}, 1e-6);
  const GradientCheck check =
      check_gradients([](const Tensor& t, const Tensor& p) { return losses::gaussian_nll(t, p); }, y, v);
  CHECK_MESSAGE(check, check.message);
}

TEST_CASE("gaussian_nll: small variances count as eps, and can grow") {
  const Tensor y = constant({{1.0}}), v = constant({{0.0, -3.0}});
  CHECK_CLOSE(losses::gaussian_nll(y, v, {.eps = 0.5}), {0.5 * (std::log(0.5) + 2)}, 1e-6);
  GradientTape tape;
  tape.watch(v);
  // d/dv at v = 0.5
  CHECK_CLOSE(tape.gradient(losses::gaussian_nll(y, v, {.eps = 0.5}), v), constant({{-2.0, 0.5 * (2 - 4)}}), 1e-6);
}

TEST_CASE("gaussian_nll: errors") {
  CHECK_THROWS_TEXT(ValueError, "[gaussian_nll] expected y_pred [..., 2 n], means and variances, received (2, 3)",
                    losses::gaussian_nll(ones({2, 1}), ones({2, 3})));
  CHECK_THROWS_TEXT(ValueError, "[gaussian_nll] y_true and y_pred must have the same shape: (2, 3) and (2, 2)",
                    losses::gaussian_nll(ones({2, 3}), ones({2, 4})));
  CHECK_THROWS_TEXT(ValueError, "[gaussian_nll] expected eps > 0, received 0", losses::GaussianNLL({.eps = 0}));
}
