#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "xtape/core/tensor.hpp"
#include "xtape/optimize/report.hpp"

namespace xtape {
namespace optimize {

/// Keyword arguments of root.
struct RootOptions {
  std::string method = "newton";  ///< "newton" or "broyden"
  std::int64_t max_iterations = 200;
  /// Ends after the iteration that reaches this number of calls of f; 0: no limit.
  std::int64_t max_evaluations = 0;
  /// Converged when no element of f(x) is larger than this; by default the square root of the dtype's resolution,
  /// 1.5e-8 or 3.5e-4.
  std::optional<double> residual_tolerance = {};
  IterationCallback callback = {};
};

/// What root returns.
struct Root : Report {
  double residual_norm = 0;  ///< the largest absolute element of f(x)
  Tensor x;                  ///< the best point found
};

/// An x with f(x) = 0, from x0 on, for a function that gives as many elements as it takes:
///
///     auto f = [&](const Tensor& x) { return stack({...}); };
///     auto found = optimize::root(f, x0);
///
/// "newton" solves with the Jacobian in each iteration, and shortens the step until |f|^2 decreases (Nocedal and
/// Wright, algorithm 11.4); where the Jacobian is singular, the step is that of the regularized least squares problem.
/// "broyden" changes the inverse Jacobian of x0 by a rank one in each iteration, and makes it anew where that leads
/// nowhere. x0 is float32 or float64. The linear algebra is in double.
///
/// x has the gradients of the implicit function that f(x) = 0 defines, for all that f uses: see custom_root, whose
/// demands on f hold here. A search that does not converge is not an error: see Report::status. Throws a ValueError for
/// bad options and for an f that changes the number of elements, a TypeError for other dtypes.
Root root(const std::function<Tensor(const Tensor&)>& f, const Tensor& x0, const RootOptions& options = {});

}  // namespace optimize
}  // namespace xtape
