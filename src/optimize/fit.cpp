#include "optimize/fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace xtape::optimize {

Fit::Fit(Residuals& its_residuals, const LeastSquaresOptions& its_options)
    : residuals(its_residuals),
      options(its_options),
      run("least_squares", its_options.method,
          {its_options.max_iterations, its_options.max_evaluations, its_options.callback}),
      x(its_residuals.unknowns().values()) {}

double Fit::tolerance(double wanted) const { return std::max(wanted, residuals.resolution()); }

bool Fit::test_finite(const char* where) {
  if (is_finite(at.value) && is_finite(at.jacobian.elements)) return true;
  run.end(Status::not_finite,
          fmt::format("{} not finite {}", is_finite(at.value) ? "the Jacobian is" : "the residuals are", where));
  return false;
}

void Fit::test_gradient() {
  const double size = norm(at.value);
  double largest = 0;
  if (size > 0) {
    const Vector gradient = at.jacobian.transposed_times(at.value);
    for (std::size_t k = 0; k < gradient.size(); ++k) {
      double column = 0;
      for (std::size_t i = 0; i < at.value.size(); ++i) column = std::hypot(column, at.jacobian(i, k));
      if (column > 0) largest = std::max(largest, std::abs(gradient[k]) / column / size);
    }
  }
  if (largest > tolerance(options.gradient_tolerance)) return;
  run.end(Status::converged_gradient,
          fmt::format("the largest cosine of the angle between the residuals and a column of the Jacobian, {:.3g}, is "
                      "within gradient_tolerance {:.3g}",
                      largest, tolerance(options.gradient_tolerance)));
}

void Fit::test_decrease(double actual, double expected) {
  const double least = tolerance(options.function_tolerance);
  if (std::abs(actual) > least || expected > least) return;
  run.end(Status::converged_value,
          fmt::format("an iteration decreased the sum of squares, {:.6g}, by {:.3g} of itself, within "
                      "function_tolerance {:.3g}",
                      dot(at.value, at.value), actual, least));
}

void Fit::test_step(double step, double size) {
  const double least = tolerance(options.step_tolerance);
  if (step > least * size) return;
  run.end(Status::converged_step, fmt::format("a step changes x by {:.3g} of its norm, within step_tolerance {:.3g}",
                                              size > 0 ? step / size : step, least));
}

bool Fit::starts() {
  at = residuals.linearized(x);
  if (!test_finite("at x0")) return false;
  test_gradient();
  if (!run.ended() && options.max_iterations == 0) run.end(Status::max_iterations, "max_iterations is 0");
  return !run.ended();
}

bool Fit::move_to(const Vector& to) {
  x = to;
  at = residuals.linearized(x);
  if (!test_finite("after a step")) return false;
  run.count(residuals.unknowns(), x, residuals.evaluations(), dot(at.value, at.value),
            max_norm(at.jacobian.transposed_times(at.value)));
  test_gradient();
  return !run.ended();
}

}  // namespace xtape::optimize
