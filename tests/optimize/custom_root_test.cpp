#include "xtape/optimize/custom_root.hpp"

#include <cmath>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimize/minimize.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/transforms/grad.hpp"

using namespace xtape;
using optimize::custom_fixed_point;
using optimize::custom_root;

TEST_CASE("custom_root: a cube root that something else found, by each solver") {
  for (const char* solver : {"direct", "gmres", "bicgstab", "cg"}) {
    CAPTURE(solver);
    for (const DType dtype : {float32, float64}) {
      const Tensor a = constant({8.0, 27.0}, dtype);
      const auto f = [a](const Tensor& t) { return t * square(t) - a; };
      GradientTape outer;
      outer.watch(a);
      Tensor first;
      {
        GradientTape tape;
        tape.watch(a);
        const Tensor x = custom_root(f, constant({2.0, 3.0}, dtype), {.solver = solver, .tolerance = 1e-12});
        CHECK_CLOSE(x, {2, 3});
        first = tape.gradient(x, a);
      }
      const double tolerance = dtype == float32 ? 1e-5 : 1e-9;
      CHECK_CLOSE(first, {1.0 / 12, 1.0 / 27}, tolerance);
      // d^2 a^(1/3) / da^2 = -2/9 a^(-5/3)
      CHECK_CLOSE(outer.gradient(first, a), {-2.0 / 9 / 32, -2.0 / 9 / 243}, tolerance);
    }
  }
}

TEST_CASE("custom_root: a matrix of unknowns, against differences to the second order, by each solver") {
  const Tensor a = constant({{4.0, 1.0}, {0.5, 3.0}}, float64), b = constant({{1.0, 0.2}, {-0.4, 0.8}}, float64);
  for (const char* solver : {"direct", "gmres", "bicgstab"}) {
    CAPTURE(solver);
    const auto x = [&](const std::vector<Tensor>& in) {
      const Tensor m = in[0], rhs = in[1];
      const auto f = [m, rhs](const Tensor& t) { return matmul(m, t) + sin(t) - rhs; };
      Tensor t = zeros({2, 2}, float64);  // a contraction
      for (int i = 0; i < 200; ++i) t = t - 0.2 * f(t);
      return custom_root(f, t, {.solver = solver, .tolerance = 1e-13});
    };
    const auto check = check_gradients(x, {a, b}, {.order = 2});
    CHECK_MESSAGE(check.ok, check.message);
  }
}

TEST_CASE("custom_root: the gradient of a gradient on one persistent tape") {
  const testing::WarningCapture warnings;  // of a gradient inside the tape's scope
  // a x = 1, x = 1 / a: the second derivative is 2 / a^3.
  const Tensor a = constant({2.0, -0.5}, float64);
  GradientTape tape({.persistent = true});
  tape.watch(a);
  const Tensor x = custom_root([a](const Tensor& t) { return a * t - 1; }, 1 / stop_gradient(a));
  const Tensor first = tape.gradient(x, a);
  CHECK_CLOSE(first, {-0.25, -4}, 1e-12);
  CHECK_CLOSE(tape.gradient(first, a), {0.25, -16}, 1e-12);
}

TEST_CASE("custom_root: the minimum of a loss moves with what the loss uses") {
  // Ridge regression in closed form: x = b / (1 + lambda).
  const Tensor lambda = constant(0.5, float64), b = constant({1.0, 2.0}, float64);
  GradientTape tape;
  tape.watch(lambda);
  const auto loss = [lambda, b](const Tensor& x) { return reduce_sum(square(x - b)) + lambda * reduce_sum(square(x)); };
  const auto found = optimize::minimize(loss, zeros({2}, float64), {.gradient_tolerance = 1e-10});
  const Tensor x = custom_root([loss](const Tensor& t) { return grad(loss)(t); }, found.x, {.solver = "cg"});
  CHECK_CLOSE(tape.gradient(reduce_sum(x), lambda), -3 / (1.5 * 1.5), 1e-8);
}

TEST_CASE("custom_fixed_point: x = cos(a x)") {
  const Tensor a = constant({0.7}, float64);
  GradientTape tape;
  tape.watch(a);
  const auto g = [a](const Tensor& x) { return cos(a * x); };
  Tensor x = ones({1}, float64);
  {
    const auto pause = tape.stop_recording();
    for (int i = 0; i < 200; ++i) x = g(x);
  }
  const Tensor y = custom_fixed_point(g, x);
  CHECK_CLOSE(y, g(x), 1e-14);
  // dx/da = -x sin(a x) / (1 + a sin(a x))
  const double v = x.item(), s = std::sin(0.7 * v);
  CHECK_CLOSE(tape.gradient(y, a), {-v * s / (1 + 0.7 * s)}, 1e-12);
}

TEST_CASE("custom_root: without a tape it calls nothing") {
  int calls = 0;
  const auto f = [&](const Tensor& t) {
    ++calls;
    return t;
  };
  CHECK_CLOSE(custom_root(f, ones({2})), {1, 1});
  CHECK(calls == 0);
}

TEST_CASE("custom_root: errors") {
  const testing::WarningCapture warnings;
  const Tensor x = ones({2}, float64);
  const auto f = [](const Tensor& t) { return t; };
  CHECK_THROWS_TEXT(ValueError, "[custom_root] unknown solver 'lu', expected one of: direct, gmres, bicgstab, cg",
                    custom_root(f, x, {.solver = "lu"}));
  CHECK_THROWS_TEXT(ValueError, "[custom_root] expected a function, received an empty one", custom_root({}, x));
  CHECK_THROWS_TEXT(ValueError, "[custom_fixed_point] expected a function, received an empty one",
                    custom_fixed_point({}, x));
  CHECK_THROWS_TEXT(TypeError, "[custom_root] expected a tensor, received an empty one", custom_root(f, Tensor()));
  CHECK_THROWS_TEXT(TypeError, "[custom_root] expected float32 or float64, received int32",
                    custom_root(f, ones({2}, int32)));
  const Tensor a = ones({2}, float64);
  GradientTape tape({.persistent = true});
  tape.watch(a);
  CHECK_THROWS_TEXT(ValueError, "[custom_root] the function turned shape (2,) into ()",
                    custom_root([](const Tensor& t) { return reduce_sum(t); }, x));
  CHECK_THROWS_TEXT(TypeError, "[custom_root] the function turned float64 into float32",
                    custom_root([](const Tensor& t) { return cast(t, float32); }, x));
  CHECK_THROWS_TEXT(ValueError, "[custom_fixed_point] the function turned shape (2,) into ()",
                    custom_fixed_point([](const Tensor& t) { return reduce_sum(t); }, x));
  const Tensor flat = custom_root([a](const Tensor& t) { return 0 * t + a - 1; }, x);
  CHECK_THROWS_TEXT(ValueError, "singular", tape.gradient(flat, a));
  const Tensor lost = custom_root([a](const Tensor& t) { return 0 * t + a - 1; }, x, {.solver = "gmres"});
  CHECK_THROWS_TEXT(RuntimeError, "[custom_root] gmres did not converge in", tape.gradient(lost, a));
}
