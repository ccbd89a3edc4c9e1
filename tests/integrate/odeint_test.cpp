#include "xtape/integrate/odeint.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/function/function.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using integrate::odeint;
using integrate::OdeOptions;

namespace {

const std::vector<std::string> methods{"dopri5", "rk4", "euler"};

/// y' = (y_2, -y_1): (sin t, cos t) turns.
Tensor turn(const Tensor&, const Tensor& y) {
  const Tensors v = unstack(y);
  return stack({v[1], -v[0]});
}
Tensor at(const std::vector<double>& times) { return constant(times); }
Tensor turned(const Tensor& t) { return stack({sin(t), cos(t)}, 1); }

double error_of(const Tensor& ys, const Tensor& expected) { return reduce_max(abs(ys - expected)).item(); }

}  // namespace

TEST_CASE("odeint: closed forms to the tolerance, forwards and backwards, in both dtypes") {
  const Tensor t = at({0, 0.3, 1, 1.01, 4, 10});
  const Tensor start = constant({0.0, 1.0}, float64);
  const Tensor ys = odeint(turn, start, t, {.rtol = 1e-9, .atol = 1e-9});
  CHECK(ys.shape() == Shape{6, 2});
  CHECK_CLOSE(ys, turned(t), 0, 1e-7);
  CHECK_CLOSE(odeint(turn, start, -t, {.rtol = 1e-9, .atol = 1e-9}), turned(-t), 0, 1e-7);
  const Tensor single = odeint(turn, cast(start, float32), cast(t, float32));
  CHECK(single.dtype() == float32);
  CHECK_CLOSE(single, turned(t), 0, 2e-3);
  // y' = -2 t y, y = e^(-t^2): a function of the time.
  const auto bell = [](const Tensor& time, const Tensor& y) { return -2 * time * y; };
  const Tensor times = linspace(-1, 2, 7, float64);
  CHECK_CLOSE(odeint(bell, exp(-ones({2, 3}, float64)), times, {.rtol = 1e-10, .atol = 1e-12}),
              broadcast_to(reshape(exp(-square(times)), {7, 1, 1}), {7, 2, 3}), 1e-8);
  // The logistic equation.
  const auto logistic = [](const Tensor&, const Tensor& y) { return y * (1 - y); };
  const Tensor growth = linspace(0, 8, 9, float64);
  CHECK_CLOSE(odeint(logistic, constant({0.1}, float64), growth, {.rtol = 1e-10, .atol = 1e-12}),
              reshape(1 / (1 + 9 * exp(-growth)), {9, 1}), 1e-8);
}

TEST_CASE("odeint: one time, and equations where nothing moves") {
  const Tensor start = constant({0.0, 1.0}, float64);
  for (const auto& method : methods) {
    CHECK_CLOSE(odeint(turn, start, at({3}), {.method = method}), constant({{0.0, 1.0}}, float64));
    const auto still = [](const Tensor&, const Tensor& y) { return 0 * y; };
    CHECK_CLOSE(odeint(still, start, at({0, 1, 100}), {.method = method}), {0, 1, 0, 1, 0, 1});
    CHECK(odeint(still, zeros({0}, float64), at({0, 1}), {.method = method}).shape() == Shape{2, 0});
  }
}

TEST_CASE("odeint: the orders of the methods") {
  const Tensor start = constant({0.0, 1.0}, float64), t = at({0, 2});
  const Tensor expected = turned(t);
  const auto order = [&](const char* method, double step) {
    const double coarse = error_of(odeint(turn, start, t, {.method = method, .step = step}), expected);
    const double fine = error_of(odeint(turn, start, t, {.method = method, .step = step / 2}), expected);
    return std::log2(coarse / fine);
  };
  CHECK_CLOSE(order("euler", 0.002), 1, 0.05);
  CHECK_CLOSE(order("rk4", 0.1), 4, 0.05);
  // One step of dopri5, whose error is within a large tolerance.
  const auto one_step = [&](double h) {
    return error_of(odeint(turn, start, at({0, h}), {.rtol = 1e3, .first_step = h}), turned(at({0, h})));
  };
  CHECK_CLOSE(std::log2(one_step(0.4) / one_step(0.2)), 6, 0.1);
  // Within the step the polynomial has order 4, so an error of order 5.
  const auto within = [&](double h) {
    const Tensor times = at({0, 0.2 * h, 0.3 * h, 0.6 * h, 0.85 * h, h});
    return error_of(odeint(turn, start, times, {.rtol = 1e3, .first_step = h}), turned(times));
  };
  CHECK_CLOSE(std::log2(within(0.4) / within(0.2)), 5, 0.1);
}

TEST_CASE("odeint: the error follows the tolerance, and steps are chosen by it") {
  const Tensor start = constant({0.0, 1.0}, float64), t = at({0, 10});
  int calls = 0;
  const auto counted = [&](const Tensor& time, const Tensor& y) {
    ++calls;
    return turn(time, y);
  };
  double last = 1;
  int last_calls = 0;
  for (const double tolerance : {1e-3, 1e-5, 1e-7, 1e-9}) {
    calls = 0;
    const double error = error_of(odeint(counted, start, t, {.rtol = tolerance, .atol = tolerance}), turned(t));
    CHECK(error < 20 * tolerance);
    CHECK(error < last);
    CHECK(calls > last_calls);
    last = error;
    last_calls = calls;
  }
  CHECK(last_calls < 3000);
}

TEST_CASE("odeint: gradients through the steps, to the second order, against differences") {
  const Tensor w = constant({{-0.3, 1.0}, {-1.1, -0.2}}, float64), y0 = constant({0.5, -1.0}, float64);
  const Tensor t = at({0, 0.4, 1});
  for (const auto& method : methods) {
    CAPTURE(method);
    const auto solve = [&](const Tensor& matrix, const Tensor& start) {
      const auto f = [matrix](const Tensor& time, const Tensor& y) { return tanh(matmul(matrix, y)) + sin(time); };
      return odeint(f, start, t, {.method = method, .rtol = 1e3, .first_step = 0.2, .step = 0.2});
    };
    const auto check = check_gradients(solve, w, y0, {.order = 2});
    CHECK_MESSAGE(check.ok, check.message);
  }
}

TEST_CASE("odeint: the gradient of a closed form") {
  // y = y0 e^(k t): dy/dk = t y, dy/dy0 = e^(k t).
  const Tensor y0 = constant({2.0}, float64);
  const Variable k(constant(-0.7, float64));
  const auto f = [&](const Tensor&, const Tensor& y) { return k * y; };
  for (const bool adjoint : {false, true}) {
    CAPTURE(adjoint);
    GradientTape tape({.persistent = true});
    tape.watch(y0);
    const Tensor ys = odeint(f, y0, at({0, 1, 3}), {.rtol = 1e-10, .atol = 1e-12, .adjoint = adjoint});
    const Tensor loss = reduce_sum(ys * constant({{1.0}, {2.0}, {-1.0}}, float64));
    tape.stop();
    CHECK_CLOSE(tape.gradient(loss, k), 2 * 2 * std::exp(-0.7) - 3 * 2 * std::exp(-2.1), 1e-8);
    CHECK_CLOSE(tape.gradient(loss, y0), {1 + 2 * std::exp(-0.7) - std::exp(-2.1)}, 1e-8);
  }
}

TEST_CASE("odeint: adjoint gradients are those through the steps, of the start, variables and named tensors") {
  const Tensor y0 = constant({{0.5, -1.0}, {0.2, 0.1}}, float64), a = constant({0.3, -0.4}, float64);
  const Variable w(constant({{-0.3, 1.0}, {-1.1, -0.2}}, float64)), unused(ones({3}, float64));
  const auto f = [&](const Tensor& t, const Tensor& y) { return tanh(matmul(y, w)) + a * cos(t); };
  const Tensor weights = constant({1.0, -2.0, 0.5, 3.0}, float64), t = at({0, 0.5, 1.5, 2});
  for (const auto& method : methods) {
    CAPTURE(method);
    const auto gradients = [&](bool adjoint) {
      GradientTape tape;
      tape.watch({y0, a});
      const Tensor ys =
          odeint(f, y0, t,
                 {.method = method, .rtol = 1e-10, .atol = 1e-10, .step = 1e-3, .adjoint = adjoint, .parameters = {a}});
      const Tensor loss = reduce_sum(reshape(weights, {4, 1, 1}) * square(ys));
      return tape.gradient(loss, {y0, w, a, unused});
    };
    const Tensors through = gradients(false), adjoint = gradients(true);
    // Euler's solution backwards is not the one forwards.
    const double tolerance = method == "euler" ? 1e-2 : 1e-7;
    for (std::size_t i = 0; i < 3; ++i) CHECK_CLOSE(adjoint[i], through[i], tolerance, tolerance);
    CHECK_FALSE(adjoint[3].defined());
  }
}

TEST_CASE("odeint: adjoint gradients against differences, to the second order") {
  const Tensor w = constant({{-0.3, 1.0}, {-1.1, -0.2}}, float64), y0 = constant({0.5, -1.0}, float64);
  const auto solve = [&](const Tensor& matrix, const Tensor& start) {
    const auto f = [matrix](const Tensor&, const Tensor& y) { return tanh(matmul(matrix, y)); };
    return odeint(f, start, at({0, 0.4, 1}), {.rtol = 1e-10, .atol = 1e-10, .adjoint = true, .parameters = {matrix}});
  };
  const auto check = check_gradients(solve, w, y0, {.order = 2});
  CHECK_MESSAGE(check.ok, check.message);
}

TEST_CASE("odeint: adjoint keeps a record that does not grow with the steps") {
  const Variable k(constant(-0.7));
  const auto records = [&](double step, bool adjoint) {
    GradientTape tape;
    const Tensor ys = odeint([&](const Tensor&, const Tensor& y) { return k * y; }, ones({2}), constant({0.0, 1.0}),
                             {.method = "rk4", .step = step, .adjoint = adjoint});
    return tape.num_records();
  };
  CHECK(records(0.1, true) == records(0.001, true));
  CHECK(records(0.001, false) > 50 * records(0.1, false));
}

TEST_CASE("odeint: a network as the right-hand side") {
  random::set_seed(2);
  Sequential network{layers::Dense(8, {.activation = "tanh"}), layers::Dense(2)};
  const auto f = [&](const Tensor&, const Tensor& y) { return network(y); };
  const Tensor y0 = random::normal({5, 2});
  f(0, y0);
  const auto gradients = [&](bool adjoint) {
    GradientTape tape;
    const Tensor ys = odeint(f, y0, constant({0.0, 1.0}), {.rtol = 1e-5, .atol = 1e-6, .adjoint = adjoint});
    return tape.gradient(reduce_mean(square(ys)), network.trainable_variables());
  };
  const Tensors through = gradients(false), adjoint = gradients(true);
  CHECK(through.size() == 4);
  for (std::size_t i = 0; i < through.size(); ++i) CHECK_CLOSE(adjoint[i], through[i], 1e-3, 1e-4);
}

TEST_CASE("odeint: fixed steps are replayed by function()") {
  const Tensor t = constant({0.0, 1.0, 2.0});
  auto solve = function([&](const Tensor& y0) { return odeint(turn, y0, t, {.method = "rk4", .step = 0.1}); });
  for (const float x : {0.0F, 1.0F, 2.0F}) {
    const Tensor y0 = constant({x, 1.0F});
    CHECK_SAME_BITS(solve(y0), odeint(turn, y0, t, {.method = "rk4", .step = 0.1}));
  }
  CHECK(solve.obstacle().empty());
}

TEST_CASE("odeint: equations that cannot be solved") {
  // y' = y^2 from 1 is infinite at t = 1.
  const auto explodes = [](const Tensor&, const Tensor& y) { return square(y); };
  CHECK_THROWS_TEXT(RuntimeError, "became too short", odeint(explodes, ones({1}, float64), at({0, 2})));
  const auto nan = [](const Tensor&, const Tensor& y) { return log(-1 - abs(y)); };
  CHECK_THROWS_TEXT(RuntimeError, "the equation is stiff, or its solution not finite",
                    odeint(nan, ones({1}, float64), at({0, 2})));
  CHECK_THROWS_TEXT(RuntimeError, "[odeint] max_steps, 10, do not reach t = 100: they end at t = ",
                    odeint(turn, constant({0.0, 1.0}, float64), at({0, 100}), {.max_steps = 10}));
}

TEST_CASE("odeint: errors") {
  const Tensor y0 = constant({0.0, 1.0}, float64), t = at({0, 1});
  CHECK_THROWS_TEXT(ValueError, "[odeint] unknown method 'bdf', expected one of: dopri5, rk4, euler",
                    odeint(turn, y0, t, {.method = "bdf"}));
  CHECK_THROWS_TEXT(ValueError, "[odeint] expected a function, received an empty one", odeint({}, y0, t));
  CHECK_THROWS_TEXT(ValueError, "[odeint] expected rtol >= 0, received -1", odeint(turn, y0, t, {.rtol = -1}));
  CHECK_THROWS_TEXT(ValueError, "[odeint] expected atol >= 0, received -1", odeint(turn, y0, t, {.atol = -1}));
  CHECK_THROWS_TEXT(ValueError, "[odeint] expected rtol or atol > 0, received 0 and 0",
                    odeint(turn, y0, t, {.rtol = 0, .atol = 0}));
  CHECK_THROWS_TEXT(ValueError, "[odeint] expected first_step >= 0, received -1",
                    odeint(turn, y0, t, {.first_step = -1}));
  CHECK_THROWS_TEXT(ValueError, "[odeint] expected step >= 0, received -1", odeint(turn, y0, t, {.step = -1}));
  CHECK_THROWS_TEXT(ValueError, "[odeint] expected max_steps >= 1, received 0", odeint(turn, y0, t, {.max_steps = 0}));
  CHECK_THROWS_TEXT(ValueError, "[odeint] expected a vector of one or more times, received shape ()",
                    odeint(turn, y0, Tensor(1.0)));
  CHECK_THROWS_TEXT(ValueError, "[odeint] expected a vector of one or more times, received shape (0,)",
                    odeint(turn, y0, zeros({0})));
  CHECK_THROWS_TEXT(ValueError, "[odeint] expected times that increase or decrease, received 0.5 after 1",
                    odeint(turn, y0, at({0, 1, 0.5})));
  CHECK_THROWS_TEXT(ValueError, "[odeint] expected times that increase or decrease, received 1 after 1",
                    odeint(turn, y0, at({0, 1, 1})));
  CHECK_THROWS_TEXT(ValueError, "[odeint] expected finite times, received inf", odeint(turn, y0, at({0, INFINITY})));
  CHECK_THROWS_TEXT(TypeError, "[odeint] expected floating times, received int32", odeint(turn, y0, constant({0, 1})));
  CHECK_THROWS_TEXT(TypeError, "[odeint] expected a tensor of times, received an empty one",
                    odeint(turn, y0, Tensor()));
  CHECK_THROWS_TEXT(TypeError, "[odeint] expected a tensor y0, received an empty one", odeint(turn, Tensor(), t));
  CHECK_THROWS_TEXT(TypeError, "[odeint] expected a y0 of float32 or float64, received int32",
                    odeint(turn, ones({2}, int32), t));
  CHECK_THROWS_TEXT(ValueError, "[odeint] f turned shape (2,) into ()",
                    odeint([](const Tensor&, const Tensor& y) { return reduce_sum(y); }, y0, t));
  CHECK_THROWS_TEXT(TypeError, "[odeint] f turned float64 into float32",
                    odeint([](const Tensor&, const Tensor& y) { return cast(y, float32); }, y0, t));
  CHECK_THROWS_TEXT(ValueError, "[odeint] f returned an empty tensor",
                    odeint([](const Tensor&, const Tensor&) { return Tensor(); }, y0, t));
  const Tensor a = ones({2}, float64);
  GradientTape tape;
  tape.watch(a);
  CHECK_THROWS_TEXT(ValueError,
                    "[odeint] f uses tensors that a tape watches: with adjoint = true, expected them in `parameters`, "
                    "received none",
                    odeint([&](const Tensor&, const Tensor& y) { return a * y; }, y0, t, {.adjoint = true}));
}
