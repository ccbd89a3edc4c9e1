#include "xtape/optimize/root.hpp"

#include <cmath>
#include <set>
#include <string>

#include "optimize/more_garbow_hillstrom.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using optimize::root;
using optimize::Status;

namespace {

const std::vector<std::string> methods{"newton", "broyden"};

/// A circle and a parabola, which meet at (1, 1).
Tensor curves(const Tensor& x) {
  const Tensors v = unstack(x);
  return stack({square(v[0]) + square(v[1]) - 2, square(v[0]) - v[1]});
}

}  // namespace

TEST_CASE("root: the square systems of More, Garbow and Hillstrom") {
  // From their starts these lead to a minimum of |f| that is no root.
  const std::set<std::string> trapped{"Freudenstein and Roth", "Chebyquad 9"};
  int systems = 0;
  for (const auto& problem : testing::more_garbow_hillstrom()) {
    const Tensor start = testing::vector_of(problem.start);
    if (problem.minima[0] != 0 || problem.residuals(start, float64).size() != start.size()) continue;
    ++systems;
    for (const auto& method : methods) {
      const auto f = [&](const Tensor& x) { return problem.residuals(x, float64); };
      const auto found = root(f, start, {.method = method, .max_iterations = 1000, .residual_tolerance = 1e-10});
      CAPTURE(problem.name);
      CHECK_MESSAGE(found.success() == !trapped.contains(problem.name), found.message);
      CHECK_CLOSE(reduce_max(abs(f(found.x))), found.residual_norm, 1e-12);
    }
  }
  CHECK(systems >= 10);
}

TEST_CASE("root: Broyden's method needs one Jacobian where it starts near the root, and few steps") {
  int jacobians = 0;
  const auto counted = [&](const Tensor& x) {
    jacobians += is_recording() ? 1 : 0;
    return curves(x);
  };
  const Tensor start = constant({1.3, 0.8}, float64);
  const auto broyden = root(counted, start, {.method = "broyden"});
  CHECK_MESSAGE(broyden.success(), broyden.message);
  CHECK(jacobians == 1);
  CHECK(broyden.iterations <= 8);
  jacobians = 0;
  const auto newton = root(counted, start, {.method = "newton"});
  CHECK(jacobians == newton.iterations);
  CHECK(newton.iterations <= 5);
}

TEST_CASE("root: float32 and any shape") {
  for (const auto& method : methods) {
    for (const DType dtype : {float32, float64}) {
      CAPTURE(method);
      CAPTURE(dtype);
      const auto found = root(curves, constant({2.0, 0.5}, dtype), {.method = method});
      CHECK_MESSAGE(found.success(), found.message);
      CHECK(found.x.dtype() == dtype);
      CHECK_CLOSE(found.x, {1, 1}, dtype == float32 ? 2e-4 : 1e-7);
      const auto matrix =
          root([](const Tensor& x) { return flatten(square(x) - 4); }, ones({2, 3}, dtype), {.method = method});
      CHECK_CLOSE(matrix.x, 2 * ones({2, 3}), 1e-4);
    }
  }
}

TEST_CASE("root: what it reports") {
  const Tensor start = constant({2.0, 0.5}, float64);
  for (const auto& method : methods) {
    CAPTURE(method);
    const auto found = root(curves, start, {.method = method});
    CHECK(found.message.find("[root] " + method + ": the largest element of the function, ") == 0);
    CHECK(found.residual_norm <= std::sqrt(2.3e-16));
    CHECK(root(curves, start, {.method = method, .max_iterations = 1}).status == Status::max_iterations);
    CHECK(root(curves, start, {.method = method, .max_iterations = 0}).status == Status::max_iterations);
    CHECK(root(curves, start, {.method = method, .max_evaluations = 3}).status == Status::max_evaluations);
    CHECK(root(curves, ones({2}, float64), {.method = method}).iterations == 0);
    // No root: x^2 + 1.
    const auto none = root([](const Tensor& x) { return square(x) + 1; }, constant({3.0}, float64), {.method = method});
    CHECK(none.status == Status::line_search_failed);
    CHECK(none.message.find("no step decreases the function, whose largest element is 1") != std::string::npos);
    const auto nan = root([](const Tensor& x) { return log(x); }, constant({-1.0}, float64), {.method = method});
    CHECK(nan.status == Status::not_finite);
    CHECK(nan.message == "[root] " + method + ": the function is not finite at x0");
    // Newton's first step leads to x < 0, where the logarithm is NaN.
    const auto kept = root([](const Tensor& x) { return log(x); }, constant({20.0}, float64), {.method = method});
    CHECK_CLOSE(kept.x, {1}, 1e-7);
    int iterations = 0;
    const auto stop = [&](const optimize::Iteration& now) {
      CHECK_CLOSE(reduce_max(abs(curves(now.x[0]))), now.value, 1e-9);
      return ++iterations == 2;
    };
    CHECK(root(curves, start, {.method = method, .callback = stop}).status == Status::stopped);
  }
}

TEST_CASE("root: derivatives of the root") {
  // a x + x^3 = b, elementwise mixed by a matrix.
  const Tensor a = constant({{2.0, 0.5}, {-0.3, 1.5}}, float64), b = constant({1.0, -2.0}, float64);
  const auto x = [](const std::vector<Tensor>& in) {
    const Tensor m = in[0], rhs = in[1];
    const auto f = [m, rhs](const Tensor& t) { return matmul(m, t) + t * square(t) - rhs; };
    return root(f, zeros({2}, float64), {.residual_tolerance = 1e-14}).x;
  };
  const auto check = check_gradients(x, {a, b}, {.order = 2});
  CHECK_MESSAGE(check.ok, check.message);

  // x^3 = w for a variable.
  const Variable w(constant({8.0}, float64));
  GradientTape outer;
  Tensor first;
  {
    GradientTape tape;
    const auto found = root([&](const Tensor& t) { return t * square(t) - w; }, constant({3.0}, float64));
    CHECK_CLOSE(found.x, {2}, 1e-9);
    first = tape.gradient(found.x, w);
  }
  CHECK_CLOSE(first, {1.0 / 12}, 1e-9);
  CHECK_CLOSE(outer.gradient(first, w), {-2.0 / 9 / 32}, 1e-9);
}

TEST_CASE("root: errors") {
  const Tensor x0 = ones({2}, float64);
  CHECK_THROWS_TEXT(ValueError, "[root] unknown method 'lm', expected one of: newton, broyden",
                    root(curves, x0, {.method = "lm"}));
  CHECK_THROWS_TEXT(ValueError, "[root] expected max_iterations >= 0, received -1",
                    root(curves, x0, {.max_iterations = -1}));
  CHECK_THROWS_TEXT(ValueError, "[root] expected residual_tolerance >= 0, received -1",
                    root(curves, x0, {.residual_tolerance = -1}));
  CHECK_THROWS_TEXT(ValueError, "[root] expected a function that returns as many elements as it takes, 2, received 1",
                    root([](const Tensor& x) { return reduce_sum(x); }, x0));
  CHECK_THROWS_TEXT(ValueError, "[root] the function returned an empty tensor",
                    root([](const Tensor&) { return Tensor(); }, x0));
  CHECK_THROWS_TEXT(ValueError, "[root] expected a function, received an empty one", root({}, x0));
  CHECK_THROWS_TEXT(TypeError, "[root] expected float32 or float64 to start from, received int32",
                    root(curves, ones({2}, int32)));
  CHECK_THROWS_TEXT(TypeError, "[root] expected a tensor to start from, received an empty one", root(curves, Tensor()));
}
