#include "xtape/integrate/odeint.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "base/named.hpp"
#include "integrate/adjoint.hpp"
#include "integrate/runge_kutta.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/no_recording.hpp"
#include "xtape/tape/read_variables.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::integrate {
namespace {

using detail::fail;
constexpr const char* op = "odeint";

constexpr detail::Named<Solver> solvers[] = {
    {"dopri5", solve_dopri5},
    {"rk4", solve_rk4},
    {"euler", solve_euler},
};

void check_at_least_zero(const char* option, double value) {
  if (!(value >= 0)) fail<ValueError>(op, "expected {} >= 0, received {}", option, value);
}

Steps steps_of(const OdeOptions& options, DType dtype) {
  Steps steps;
  steps.rtol = options.rtol.value_or(dtype == float64 ? 1e-6 : 1e-4);
  steps.atol = options.atol.value_or(dtype == float64 ? 1e-8 : 1e-6);
  check_at_least_zero("rtol", steps.rtol);
  check_at_least_zero("atol", steps.atol);
  if (steps.rtol == 0 && steps.atol == 0) fail<ValueError>(op, "expected rtol or atol > 0, received 0 and 0");
  check_at_least_zero("first_step", options.first_step);
  check_at_least_zero("step", options.step);
  if (options.max_steps < 1) fail<ValueError>(op, "expected max_steps >= 1, received {}", options.max_steps);
  steps.first_step = options.first_step;
  steps.step = options.step;
  steps.max_steps = options.max_steps;
  steps.resolution = std::numeric_limits<double>::epsilon();
  return steps;
}

/// The times, which must be monotonic.
std::vector<double> times_of(const Tensor& t) {
  if (!t.defined()) fail<TypeError>(op, "expected a tensor of times, received an empty one");
  if (!is_floating(t.dtype())) fail<TypeError>(op, "expected floating times, received {}", t.dtype());
  if (t.rank() != 1 || t.size() == 0) {
    fail<ValueError>(op, "expected a vector of one or more times, received shape {}", t.shape());
  }
  std::vector<double> times = cast(stop_gradient(t), float64).to_vector<double>();
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!std::isfinite(times[i])) fail<ValueError>(op, "expected finite times, received {}", times[i]);
    if (i > 0 && (times[i] == times[i - 1] || (times[i] > times[i - 1]) != (times[1] > times[0]))) {
      fail<ValueError>(op, "expected times that increase or decrease, received {} after {}", times[i], times[i - 1]);
    }
  }
  return times;
}

void check_start(const Tensor& y0) {
  if (!y0.defined()) fail<TypeError>(op, "expected a tensor y0, received an empty one");
  if (y0.dtype() != float32 && y0.dtype() != float64) {
    fail<TypeError>(op, "expected a y0 of float32 or float64, received {}", y0.dtype());
  }
}

Tensor stacked(const std::vector<State>& states) {
  std::vector<Tensor> ys;
  for (const auto& state : states) ys.push_back(state[0]);
  return stack(ys);
}

/// Throws unless all that f uses, and a gradient is wanted for, is known.
void check_captures(const OdeFunction& f, const std::vector<double>& times, const Tensor& y0, bool names_any) {
  if (names_any) return;
  const Tensor slope = slope_at(f, times[0], detail::make_alias(y0));
  if (!is_tracked({slope})) return;
  fail<ValueError>(
      op, "f uses tensors that a tape watches: with adjoint = true, expected them in `parameters`, received none");
}

Tensor solve_with_adjoint(const OdeFunction& f, const Tensor& y0, const std::vector<double>& times, Solver solver,
                          const Steps& steps, const OdeOptions& options) {
  Tensor ys;
  std::vector<Variable> variables;
  {
    const detail::NoRecording unseen;
    const detail::ReadVariables read;
    const Dynamics dynamics = [&](double t, const State& y) { return State{slope_at(f, t, y[0])}; };
    ys = stacked(solver(dynamics, {y0}, times, steps));
    variables.assign(read.list().begin(), read.list().end());
  }
  if (!is_recording()) return ys;
  check_captures(f, times, y0, !variables.empty() || !options.parameters.empty());
  const auto adjoint = std::make_shared<Adjoint>(f, options.parameters, std::move(variables), solver, steps);
  std::vector<Tensor> inputs{y0};
  for (const auto& source : adjoint->sources()) inputs.push_back(source);
  const Tensor solution = detail::make_alias(ys);
  return record(op, inputs, solution, [&] {
    return [adjoint, times, solution](const Tensor& dys) { return adjoint->gradients(times, solution, dys); };
  });
}

}  // namespace

Tensor slope_at(const OdeFunction& f, double t, const Tensor& y) {
  const Tensor slope = f(detail::from_doubles({&t, 1}, {}, y.dtype()), y);
  if (!slope.defined()) fail<ValueError>(op, "f returned an empty tensor");
  if (slope.dtype() != y.dtype()) fail<TypeError>(op, "f turned {} into {}", y.dtype(), slope.dtype());
  if (slope.shape() != y.shape()) fail<ValueError>(op, "f turned shape {} into {}", y.shape(), slope.shape());
  return slope;
}

Tensor odeint(const OdeFunction& f, const Tensor& y0, const Tensor& t, const OdeOptions& options) {
  if (!f) fail<ValueError>(op, "expected a function, received an empty one");
  const Solver solver = detail::get_named(op, "method", solvers, options.method).value;
  check_start(y0);
  const std::vector<double> times = times_of(t);
  const Steps steps = steps_of(options, y0.dtype());
  if (options.adjoint) return solve_with_adjoint(f, y0, times, solver, steps, options);
  const Dynamics dynamics = [&](double at, const State& y) { return State{slope_at(f, at, y[0])}; };
  return stacked(solver(dynamics, {y0}, times, steps));
}

}  // namespace xtape::integrate
