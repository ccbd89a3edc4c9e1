#include "xtape/tape/check_gradients.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/record.hpp"

using namespace xtape;

namespace {

/// x^2 with the gradient `factor` x dy: right for a factor of 2.
Tensor square_with(const Tensor& x, double factor) {
  return record("square_with", {x}, square(stop_gradient(x)),
                [x, factor](const Tensor& dy) { return Grads{dy * x * factor}; });
}

/// x^2 with the right gradient, but as a constant: wrong from the second order on.
Tensor square_once(const Tensor& x) {
  return record("square_once", {x}, square(stop_gradient(x)),
                [x](const Tensor& dy) { return Grads{dy * stop_gradient(x) * 2}; });
}

/// x^2 whose gradient takes the incoming gradient for a constant: wrong as part of a larger second derivative.
Tensor square_deaf(const Tensor& x) {
  return record("square_deaf", {x}, square(stop_gradient(x)),
                [x](const Tensor& dy) { return Grads{stop_gradient(dy) * x * 2}; });
}

}  // namespace

TEST_CASE("check_gradients: right gradients pass to third order") {
  const Tensor x = constant({{0.5, -1.25}, {2.0, 0.75}}), y = constant({1.5, 0.25});
  const auto f = [](const Tensor& a, const Tensor& b) { return exp(a * b) / (a * a + b) + matmul(a, a); };
  const GradientCheck found = check_gradients(f, x, y, {.order = 3});
  CHECK_MESSAGE(found, found.message);
  CHECK(found.message.empty());
}

TEST_CASE("check_gradients: a wrong factor is named with input, index and both numbers") {
  // sum u x^2 has the derivative 2 u x; the rule says 3 u x at every element, so the first is named.
  const auto f = [](const Tensor& a, const Tensor& b) { return a + square_with(b, 3); };
  const GradientCheck found = check_gradients(f, zeros({2, 2}), constant({{1.0, 2.0}, {3.0, 4.0}}));
  REQUIRE_FALSE(found);
  CHECK_MESSAGE(found.message.starts_with("input 1 at (0, 0): analytic "), found.message);
  CHECK_MESSAGE(found.message.ends_with(" (4 of 4 elements disagree), first order"), found.message);
  double analytic = 0, numeric = 0;
  REQUIRE(std::sscanf(found.message.c_str(), "input 1 at (0, 0): analytic %lf, numeric %lf", &analytic, &numeric) == 2);
  CHECK_CLOSE(analytic, numeric * 1.5, 1e-8);
}

TEST_CASE("check_gradients: one wrong element is found where it is") {
  const Tensor mask = constant({{0.0, 0.0, 0.0}, {0.0, 0.0, 1.0}}, float64);
  const auto f = [mask](const Tensor& x) {
    return record("spoilt", {x}, x * 2, [mask](const Tensor& dy) { return Grads{dy * 2 + mask * 1e-3}; });
  };
  const GradientCheck found = check_gradients(f, ones({2, 3}));
  REQUIRE_FALSE(found);
  CHECK_MESSAGE(found.message.starts_with("input 0 at (1, 2): analytic "), found.message);
}

TEST_CASE("check_gradients: an unconnected input is said to be so") {
  const GradientCheck found = check_gradients([](const Tensor& x) { return stop_gradient(x) * 3; }, ones({}));
  REQUIRE_FALSE(found);
  CHECK_MESSAGE(found.message.starts_with("input 0 at (): analytic 0 (unconnected), numeric "), found.message);
}

TEST_CASE("check_gradients: a gradient that cannot be differentiated fails at second order only") {
  const Tensor x = constant({1.0, 2.0});
  CHECK(check_gradients(square_once, x, {.order = 1}));
  const GradientCheck found = check_gradients(square_once, x);
  REQUIRE_FALSE(found);
  CHECK_MESSAGE(found.message.starts_with("input 0 at (0,): analytic 0 (unconnected), numeric "), found.message);
  CHECK_MESSAGE(found.message.ends_with("second order"), found.message);
}

TEST_CASE("check_gradients: second order follows the incoming gradient too") {
  const Tensor x = constant({1.0, 2.0});
  CHECK(check_gradients(square_deaf, x, {.order = 1}));
  const GradientCheck found = check_gradients(square_deaf, x);
  REQUIRE_FALSE(found);
  CHECK_MESSAGE(found.message.starts_with("output gradient 0 at (0,): analytic 0"), found.message);
}

TEST_CASE("check_gradients: large inputs are checked along random directions") {
  const Tensor x = linspace(0.5, 2, 2000);
  const CheckGradientsOptions options{.order = 1};
  CHECK(check_gradients([](const Tensor& t) { return square_with(t, 2); }, x, options));
  const GradientCheck found = check_gradients([](const Tensor& t) { return square_with(t, 2.01); }, x, options);
  REQUIRE_FALSE(found);
  CHECK_MESSAGE(found.message.starts_with("input 0 along random direction "), found.message);
}

TEST_CASE("check_gradients: integer inputs are passed on and the same tensor may be given twice") {
  const Tensor x = constant({{1.0, 2.0}, {3.0, 4.0}}), rows = constant({1, 0, 1});
  CHECK(check_gradients(
      [](const Tensor& t, const Tensor& i) {
        CHECK(i.dtype() == int32);
        return square(gather(t, i));
      },
      x, rows));
  const Tensor same = cast(x, float64);
  CHECK(check_gradients([](const Tensor& a, const Tensor& b) { return a * a * b; }, same, same));
}

TEST_CASE("check_gradients: f may read other inputs, outer tapes stay usable, NaN never passes") {
  CHECK(check_gradients(
      [](const std::vector<Tensor>& in) {
        return concat({in[0], in[1] * in[2], in[3]}, 0);
      },
      {ones({1}), ones({2}), ones({2}), ones({3})}));
  GradientTape outer;
  const Tensor x = constant(3.0);
  outer.watch(x);
  CHECK(check_gradients([&x](const Tensor& t) { return t * cast(x, float64); }, ones({2})));
  const Tensor y = x * x;
  CHECK_CLOSE(outer.gradient(y, x), 6.0);
  CHECK_FALSE(check_gradients([](const Tensor& t) { return t * NAN; }, ones({2})));
}

TEST_CASE("check_gradients: errors") {
  const auto f = [](const Tensor& x) { return x; };
  CHECK_THROWS_TEXT(ValueError, "[check_gradients] expected a floating tensor among the 1 inputs",
                    check_gradients(f, constant({1, 2})));
  CHECK_THROWS_TEXT(ValueError, "[check_gradients] expected an order of 1 or more, received 0",
                    check_gradients(f, ones({2}), {.order = 0}));
  CHECK_THROWS_TEXT(ValueError, "[check_gradients] expected an eps above 0, received -1",
                    check_gradients(f, ones({2}), {.eps = -1}));
  CHECK_THROWS_TEXT(TypeError, "[check_gradients] f must return float64 for float64: received float32",
                    check_gradients([](const Tensor& x) { return cast(x, float32); }, ones({2})));
}
