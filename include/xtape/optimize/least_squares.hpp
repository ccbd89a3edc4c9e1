#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "xtape/core/variable.hpp"
#include "xtape/optimize/leaves.hpp"
#include "xtape/optimize/report.hpp"

namespace xtape {
namespace optimize {

/// Keyword arguments of least_squares. No tolerance counts for less than the resolution of the residuals' dtype.
struct LeastSquaresOptions {
  std::string method = "lm";  ///< "lm" (Levenberg-Marquardt) or "gauss-newton"
  std::int64_t max_iterations = 200;
  /// Ends after the iteration that reaches this number of calls of the function; 0: no limit.
  std::int64_t max_evaluations = 0;
  /// Converged when no cosine of the angle between the residuals and a column of the Jacobian is larger than this.
  double gradient_tolerance = 1e-8;
  /// Converged when the sum of squares decreases, and is expected to decrease, by no more than this times itself.
  double function_tolerance = 1e-8;
  /// Converged when a step changes x by no more than this times its norm.
  double step_tolerance = 1e-8;
  IterationCallback callback = {};
};

/// What least_squares reports.
struct LeastSquaresReport : Report {
  double sum_of_squares = 0;  ///< of the residuals at x
  double gradient_norm = 0;   ///< the largest absolute element of J' r, half the gradient of the sum of squares
  Tensor jacobian;            ///< of the residuals at x, [m, n] in float64: its inverse normal matrix gives variances
};

/// What least_squares returns.
template <class X>
struct LeastSquares : LeastSquaresReport {
  X x;  ///< the best point found, in the structure of x0
};

}  // namespace optimize

namespace detail {
using TensorOfTensors = std::function<Tensor(std::span<const Tensor>)>;
/// Moves x to the minimum.
optimize::LeastSquaresReport least_squares(const TensorOfTensors& residuals, std::vector<Tensor>& x,
                                           const optimize::LeastSquaresOptions& options);
}  // namespace detail

namespace optimize {

/// A local minimum of the sum of squares of m residuals of n unknowns, from x0 on, with the Jacobian by the tape:
///
///     auto residuals = [&](const Tensor& p) { return model(p, times) - measured; };
///     auto fit = optimize::least_squares(residuals, p0);
///
/// x0 is a tensor, or tensors in a vector, array, tuple or map, of float32 or float64; the residuals are a tensor of
/// any shape. "lm" is the method of Levenberg and Marquardt with a trust region in the scale of the Jacobian's columns
/// (Moré, "The Levenberg-Marquardt algorithm: implementation and theory", 1978; MINPACK's lmder). "gauss-newton" solves
/// the linearized problem and shortens the step until the sum of squares decreases; it needs a Jacobian of rank n. An
/// iteration takes min(m, n) backward passes and a QR decomposition.
///
/// The minimum is a constant to tapes. A search that ends without convergence is not an error: see Report::status.
/// Throws a ValueError for bad options, a TypeError for other dtypes, and what the function throws.
template <class F, detail::LeafOrStructure X>
requires std::invocable<F&, const X&> LeastSquares<X> least_squares(F&& residuals, const X& x0,
                                                                    const LeastSquaresOptions& options = {}) {
  std::vector<Tensor> leaves = detail::leaves_of(x0);
  const auto of_leaves = [&](std::span<const Tensor> at) -> Tensor { return residuals(detail::with_leaves(x0, at)); };
  LeastSquaresReport report = detail::least_squares(of_leaves, leaves, options);
  return {std::move(report), detail::with_leaves(x0, leaves)};
}

/// The same over variables, as minimize() for variables.
LeastSquaresReport least_squares(const std::function<Tensor()>& residuals, const std::vector<Variable>& variables,
                                 const LeastSquaresOptions& options = {});

}  // namespace optimize
}  // namespace xtape
