#include "xtape/optimize/minimize.hpp"

#include "base/named.hpp"
#include "optimize/minimizer.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape {
namespace optimize {
namespace {

constexpr const char* op = "minimize";

using Method = Point (*)(Minimizer&, Point);

Point by_lbfgs(Minimizer& m, Point start) { return descend(m, *lbfgs(m.options.history), std::move(start)); }
Point by_bfgs(Minimizer& m, Point start) { return descend(m, *bfgs(), std::move(start)); }
Point by_cg(Minimizer& m, Point start) { return descend(m, *nonlinear_cg(), std::move(start)); }
Point by_newton_cg(Minimizer& m, Point start) { return descend(m, *newton_cg(m.f), std::move(start)); }

/// A method, and whether it needs products with the Hessian.
struct Kind {
  Method run;
  bool second_order;
};
constexpr detail::Named<Kind> methods[] = {
    {"lbfgs", {by_lbfgs, false}, {"l-bfgs"}},
    {"bfgs", {by_bfgs, false}},
    {"cg", {by_cg, false}},
    {"newton-cg", {by_newton_cg, true}, {"newton_cg"}},
    {"trust-ncg", {trust_ncg, true}, {"trust_ncg"}},
};

void check(const MinimizeOptions& options) {
  check_limits(op, {options.max_iterations, options.max_evaluations, {}});
  check_not_negative(op, "gradient_tolerance", options.gradient_tolerance);
  check_not_negative(op, "function_tolerance", options.function_tolerance);
  check_positive(op, "history", options.history);
  check_positive(op, "initial_radius", options.initial_radius);
}

/// Moves the unknowns to the minimum.
MinimumReport run(Unknowns& unknowns, Objective objective, const MinimizeOptions& options) {
  check(options);
  const Method method = detail::get_named(op, "method", methods, options.method).value.run;
  const detail::NoRecording unseen;
  Minimizer minimizer(objective, options);
  Point point = objective.at(unknowns.values());
  if (minimizer.starts_at(point)) point = method(minimizer, std::move(point));
  unknowns.move_to(point.x);
  return {minimizer.run.report(objective.evaluations()), point.value, max_norm(point.gradient)};
}

}  // namespace

MinimumReport minimize(const std::function<Tensor()>& loss, const std::vector<Variable>& variables,
                       const MinimizeOptions& options) {
  if (!loss) detail::fail<ValueError>(op, "expected a function that computes the loss, received an empty one");
  Unknowns unknowns(op, variables);
  const auto f = [&](std::span<const Tensor>) { return loss(); };
  return restoring(unknowns, [&] { return run(unknowns, Objective(op, f, unknowns), options); });
}

MinimumReport minimize(const std::function<std::pair<Tensor, Tensors>()>& loss_and_gradients,
                       const std::vector<Variable>& variables, const MinimizeOptions& options) {
  if (!loss_and_gradients) {
    detail::fail<ValueError>(op, "expected a function that computes the loss and its gradients, received an empty one");
  }
  if (detail::get_named(op, "method", methods, options.method).value.second_order) {
    detail::fail<ValueError>(op,
                             "expected a function that returns the loss alone for the method '{}', received one that "
                             "returns gradients too",
                             options.method);
  }
  Unknowns unknowns(op, variables);
  return restoring(unknowns, [&] { return run(unknowns, Objective(op, loss_and_gradients, unknowns), options); });
}

}  // namespace optimize

optimize::MinimumReport detail::minimize(const ScalarOfTensors& f, std::vector<Tensor>& x,
                                         const optimize::MinimizeOptions& options) {
  optimize::Unknowns unknowns("minimize", x);
  optimize::MinimumReport report = optimize::run(unknowns, optimize::Objective("minimize", f, unknowns), options);
  x = unknowns.tensors();
  return report;
}

}  // namespace xtape
