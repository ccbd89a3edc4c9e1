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

/// Keyword arguments of minimize.
struct MinimizeOptions {
  /// "lbfgs", "bfgs", "cg", "newton-cg" or "trust-ncg".
  std::string method = "lbfgs";
  std::int64_t max_iterations = 1000;
  /// Ends after the iteration that reaches this number of calls of f; 0: no limit.
  std::int64_t max_evaluations = 0;
  /// Converged when no element of the gradient is larger than this.
  double gradient_tolerance = 1e-5;
  /// Converged when an iteration decreases f by no more than this times |f|; 0: no such test.
  double function_tolerance = 1e-9;
  /// How many steps lbfgs remembers.
  int history = 10;
  /// The radius of trust-ncg's first region.
  double initial_radius = 1;
  IterationCallback callback = {};
};

/// What minimize reports.
struct MinimumReport : Report {
  double value = 0;          ///< f(x)
  double gradient_norm = 0;  ///< the largest absolute element of the gradient
};

/// What minimize returns.
template <class X>
struct Minimum : MinimumReport {
  X x;  ///< the best point found, in the structure of x0
};

}  // namespace optimize

namespace detail {
using ScalarOfTensors = std::function<Tensor(std::span<const Tensor>)>;
/// Moves x to the minimum.
optimize::MinimumReport minimize(const ScalarOfTensors& f, std::vector<Tensor>& x,
                                 const optimize::MinimizeOptions& options);
}  // namespace detail

namespace optimize {

/// A local minimum of f, from x0 on, with gradients by the tape.
///
///     auto f = [](const Tensor& x) { return reduce_sum(square(x - 3)); };
///     auto found = optimize::minimize(f, zeros({5}), {.method = "lbfgs"});
///     fmt::print("{} {}\n", found.x, found.message);
///
/// x0 is a tensor, or tensors in a vector, array, tuple or map, of float32 or float64; f takes what x0 is and returns a
/// scalar. The methods, of Nocedal and Wright, "Numerical Optimization" (2006):
///
/// - "lbfgs": a limited memory quasi-Newton method (algorithm 7.5), for any number of variables;
/// - "bfgs": BFGS (6.1) with a dense matrix, for up to some hundreds of variables;
/// - "cg": nonlinear conjugate gradients of Polak and Ribiere, restarted (section 5.2);
/// - "newton-cg": Newton steps by conjugate gradients on products with the Hessian (7.1);
/// - "trust-ncg": the same within a trust region (4.1 and 7.2), for saddle points and narrow valleys.
///
/// All but the last search along a line for the strong Wolfe conditions (3.5 and 3.6). Where f is NaN or infinite, a
/// step is shortened. The arithmetic of the methods is in double; f gets tensors of x0's dtypes.
///
/// Nothing is recorded on tapes outside: the minimum is a constant to them (see custom_root for its derivatives). A
/// search that ends without convergence is not an error: see Report::status. Throws a ValueError for bad options, a
/// result of f that is not a scalar and one that does not depend on x, a TypeError for other dtypes, and what f throws.
template <class F, detail::LeafOrStructure X>
requires std::invocable<F&, const X&> Minimum<X> minimize(F&& f, const X& x0, const MinimizeOptions& options = {}) {
  std::vector<Tensor> leaves = detail::leaves_of(x0);
  const auto of_leaves = [&](std::span<const Tensor> at) -> Tensor { return f(detail::with_leaves(x0, at)); };
  MinimumReport report = detail::minimize(of_leaves, leaves, options);
  return {std::move(report), detail::with_leaves(x0, leaves)};
}

/// The same over variables, such as the weights of a model, with a function that computes the loss
/// (torch.optim.LBFGS):
///
///     auto loss = [&] { return reduce_mean(square(model(x, {.training = true}) - y)); };
///     auto report = optimize::minimize(loss, model.trainable_variables(), {.max_iterations = 500});
///
/// The loss must be the same function in each call: all data, no dropout. The variables hold the best point in the end
/// and during each callback; after an exception, the values of before. Also throws a ValueError for a variable that is
/// given twice or has a constraint.
MinimumReport minimize(const std::function<Tensor()>& loss, const std::vector<Variable>& variables,
                       const MinimizeOptions& options = {});
/// The same with a function that gives the loss and its gradients for the variables, in their order, such as one that
/// function() has traced:
///
///     auto step = function(value_and_grad(loss, variables));
///     optimize::minimize([&] { return step(); }, variables);
///
/// Not for "newton-cg" and "trust-ncg", which need second derivatives (a ValueError), and which the tape takes from the
/// loss alone. An empty gradient counts as zeros. Also throws a ValueError for another number or shape of gradients.
MinimumReport minimize(const std::function<std::pair<Tensor, Tensors>()>& loss_and_gradients,
                       const std::vector<Variable>& variables, const MinimizeOptions& options = {});

}  // namespace optimize
}  // namespace xtape
