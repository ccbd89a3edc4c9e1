#include "xtape/optimize/least_squares.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/named.hpp"
#include "optimize/fit.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape {
namespace optimize {
namespace {

constexpr const char* least_squares_op = "least_squares";

using FitMethod = void (*)(Fit&);
constexpr detail::Named<FitMethod> fit_methods[] = {
    {"lm", levenberg_marquardt, {"levenberg-marquardt", "levenberg_marquardt"}},
    {"gauss-newton", gauss_newton, {"gauss_newton"}},
};

void check_options(const LeastSquaresOptions& options) {
  check_limits(least_squares_op, {options.max_iterations, options.max_evaluations, {}});
  check_not_negative(least_squares_op, "gradient_tolerance", options.gradient_tolerance);
  check_not_negative(least_squares_op, "function_tolerance", options.function_tolerance);
  check_not_negative(least_squares_op, "step_tolerance", options.step_tolerance);
}

/// Moves the unknowns to the minimum.
LeastSquaresReport fit_unknowns(Unknowns& unknowns, Residuals::Function f, const LeastSquaresOptions& options) {
  check_options(options);
  const FitMethod method = detail::get_named(least_squares_op, "method", fit_methods, options.method).value;
  const detail::NoRecording unseen;
  Residuals residuals(least_squares_op, std::move(f), unknowns);
  Fit fit(residuals, options);
  if (fit.starts()) method(fit);
  unknowns.move_to(fit.x);
  return {fit.run.report(residuals.evaluations()), dot(fit.at.value, fit.at.value),
          max_norm(fit.at.jacobian.transposed_times(fit.at.value)), fit.at.jacobian.tensor()};
}

}  // namespace

LeastSquaresReport least_squares(const std::function<Tensor()>& residuals, const std::vector<Variable>& variables,
                                 const LeastSquaresOptions& options) {
  if (!residuals) {
    detail::fail<ValueError>(least_squares_op,
                             "expected a function that computes the residuals, received an empty one");
  }
  Unknowns unknowns(least_squares_op, variables);
  return restoring(unknowns, [&] {
    return fit_unknowns(
        unknowns, [&](std::span<const Tensor>) { return residuals(); }, options);
  });
}

}  // namespace optimize

optimize::LeastSquaresReport detail::least_squares(const TensorOfTensors& residuals, std::vector<Tensor>& x,
                                                   const optimize::LeastSquaresOptions& options) {
  optimize::Unknowns unknowns("least_squares", x);
  optimize::LeastSquaresReport report = optimize::fit_unknowns(unknowns, residuals, options);
  x = unknowns.tensors();
  return report;
}

}  // namespace xtape
