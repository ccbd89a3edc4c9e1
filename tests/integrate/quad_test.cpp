#include "xtape/integrate/quad.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using integrate::quad;

namespace {

constexpr double pi = std::numbers::pi, infinity = std::numeric_limits<double>::infinity();

Tensor number(double value) { return constant(value, float64); }

struct KnownIntegral {
  const char* name;
  std::function<Tensor(const Tensor&)> f;
  double a, b, value;
};

const std::vector<KnownIntegral> integrals{
    {"a polynomial", [](const Tensor& x) { return x * square(x) - 2 * x + 1; }, -1, 3, 16},
    {"exp", [](const Tensor& x) { return exp(x); }, 0, 1, std::numbers::e - 1},
    {"backwards", [](const Tensor& x) { return exp(x); }, 1, 0, 1 - std::numbers::e},
    {"oscillations", [](const Tensor& x) { return sin(30 * x); }, 0, 2, (1 - std::cos(60)) / 30},
    {"a peak", [](const Tensor& x) { return 1 / (1e-4 + square(x - 0.3)); }, 0, 1,
     100 * (std::atan(70) + std::atan(30))},
    {"a kink", [](const Tensor& x) { return abs(x - 0.3); }, 0, 1, (0.09 + 0.49) / 2},
    {"a singular derivative", [](const Tensor& x) { return sqrt(x); }, 0, 1, 2.0 / 3},
    {"a singular end", [](const Tensor& x) { return log(x); }, 0, 1, -1},
    {"a strongly singular end", [](const Tensor& x) { return 1 / sqrt(x); }, 0, 1, 2},
    {"the bell curve", [](const Tensor& x) { return exp(-square(x)); }, -infinity, infinity, std::sqrt(pi)},
    {"a half line", [](const Tensor& x) { return exp(-x); }, 1, infinity, std::exp(-1)},
    {"the other half line", [](const Tensor& x) { return 1 / (1 + square(x)); }, -infinity, 0, pi / 2},
    {"a half line backwards", [](const Tensor& x) { return exp(-x); }, infinity, 1, -std::exp(-1)},
    {"the whole line backwards", [](const Tensor& x) { return 1 / (1 + square(x)); }, infinity, -infinity, -pi},
    {"no range", [](const Tensor& x) { return exp(x); }, 2, 2, 0},
};

}  // namespace

TEST_CASE("quad: known integrals") {
  for (const auto& row : integrals) {
    CAPTURE(row.name);
    const auto found = quad(row.f, number(row.a), number(row.b));
    CHECK(found.converged);
    CHECK(found.value.dtype() == float64);
    CHECK(found.value.shape() == Shape{});
    CHECK_CLOSE(found.value, row.value, 2e-8, 1e-15);
    CHECK(std::abs(found.value.item() - row.value) <= found.error + 1e-14);
    const auto single = quad(row.f, row.a, row.b);
    CHECK(single.value.dtype() == float32);
    CHECK_CLOSE(single.value, row.value, 1e-3, 1e-6);
  }
}

TEST_CASE("quad: smooth functions need few points, and tolerances are kept") {
  CHECK(quad([](const Tensor& x) { return exp(x); }, number(0), number(1)).evaluations == 15);
  const auto peak = [](const Tensor& x) { return 1 / (1e-4 + square(x - 0.3)); };
  const double exact = 100 * (std::atan(70) + std::atan(30));
  std::int64_t last = 0;
  for (const double tolerance : {1e-2, 1e-6, 1e-12}) {
    const auto found = quad(peak, number(0), number(1), {.relative_tolerance = tolerance});
    CHECK(found.converged);
    CHECK_CLOSE(found.value, exact, tolerance);
    CHECK(found.evaluations >= last);
    last = found.evaluations;
  }
  CHECK(last < 2000);
  const auto loose = quad(peak, number(0), number(1), {.relative_tolerance = 0, .absolute_tolerance = 1});
  CHECK(loose.converged);
  CHECK(loose.error <= 1);
  CHECK(loose.evaluations < last);
}

TEST_CASE("quad: vectors and matrices") {
  const Tensor powers = constant({{0.0, 1.0}, {2.0, 3.0}}, float64);
  const auto f = [&](const Tensor& x) { return pow(reshape(x, {x.size(), 1, 1}), powers); };
  const auto found = quad(f, number(0), number(2));
  CHECK_CLOSE(found.value, constant({{2.0, 2.0}, {8.0 / 3, 4.0}}, float64), 1e-10);
}

TEST_CASE("quad: gradients for the bounds and for what f uses, to the second order") {
  const auto f = [](const std::vector<Tensor>& in) {
    const Tensor w = in[2];
    return quad([w](const Tensor& x) { return sin(w * x) * exp(-x); }, in[0], in[1]).value;
  };
  const auto check = check_gradients(f, {number(0.2), number(1.7), number(2.5)}, {.order = 2});
  CHECK_MESSAGE(check.ok, check.message);
  const auto tail = [](const std::vector<Tensor>& in) {
    const Tensor w = in[1];
    return quad([w](const Tensor& x) { return exp(-w * x); }, in[0], infinity, {.relative_tolerance = 1e-12}).value;
  };
  const auto half = check_gradients(tail, {number(0.2), number(1.3)}, {.order = 2});
  CHECK_MESSAGE(half.ok, half.message);

  // The integral of e^(-w x) from 0 on is 1 / w.
  const Variable w(constant(2.0, float64));
  GradientTape tape;
  const auto found =
      quad([&](const Tensor& x) { return exp(-w * x); }, number(0), infinity, {.relative_tolerance = 1e-11});
  CHECK_CLOSE(found.value, 0.5, 1e-10);
  CHECK(tape.num_records() < 20);
  CHECK_CLOSE(tape.gradient(found.value, w), -0.25, 1e-9);
}

TEST_CASE("quad: what does not converge says so") {
  const auto diverges = quad([](const Tensor& x) { return 1 / x; }, number(0), number(1));
  CHECK_FALSE(diverges.converged);
  const auto few = quad([](const Tensor& x) { return sin(300 * x); }, number(0), number(2), {.max_intervals = 3});
  CHECK_FALSE(few.converged);
  CHECK(few.error > 0);
  const auto nan = quad([](const Tensor& x) { return log(-1 - x); }, number(0), number(1), {.max_intervals = 20});
  CHECK_FALSE(nan.converged);
  CHECK(std::isinf(nan.error));
}

TEST_CASE("quad: errors") {
  const auto f = [](const Tensor& x) { return x; };
  const Tensor a = number(0), b = number(1);
  CHECK_THROWS_TEXT(ValueError, "[quad] expected a function, received an empty one", quad({}, a, b));
  CHECK_THROWS_TEXT(ValueError, "[quad] expected a scalar for a, received shape (2,)", quad(f, ones({2}, float64), b));
  CHECK_THROWS_TEXT(ValueError, "[quad] expected a number for b, received NaN", quad(f, a, NAN));
  CHECK_THROWS_TEXT(TypeError, "[quad] expected a number for b, received an empty tensor", quad(f, a, Tensor()));
  CHECK_THROWS_TEXT(TypeError, "[quad] expected float32 or float64 bounds, received int64",
                    quad(f, zeros({}, int64), b));
  CHECK_THROWS_TEXT(TypeError, "[quad] the bounds are float64 and float32, expected the same dtype",
                    quad(f, a, ones({})));
  CHECK_THROWS_TEXT(ValueError, "[quad] expected relative_tolerance >= 0, received -1",
                    quad(f, a, b, {.relative_tolerance = -1}));
  CHECK_THROWS_TEXT(ValueError, "[quad] expected absolute_tolerance >= 0, received -1",
                    quad(f, a, b, {.absolute_tolerance = -1}));
  CHECK_THROWS_TEXT(ValueError, "[quad] expected max_intervals >= 1, received 0", quad(f, a, b, {.max_intervals = 0}));
  CHECK_THROWS_TEXT(ValueError,
                    "[quad] expected a function that gives a value for each of 15 numbers, received shape ()",
                    quad([](const Tensor& x) { return reduce_sum(x); }, a, b));
  CHECK_THROWS_TEXT(ValueError, "[quad] the function returned an empty tensor",
                    quad([](const Tensor&) { return Tensor(); }, a, b));
  CHECK_THROWS_TEXT(TypeError, "[quad] the function turned float64 into float32",
                    quad([](const Tensor& x) { return cast(x, float32); }, a, b));
}
