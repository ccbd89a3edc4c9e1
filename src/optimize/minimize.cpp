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

constexpr detail::Named<Method> methods[] = {
    {"lbfgs", by_lbfgs, {"l-bfgs"}},
    {"bfgs", by_bfgs},
    {"cg", by_cg},
    {"newton-cg", by_newton_cg, {"newton_cg"}},
    {"trust-ncg", trust_ncg, {"trust_ncg"}},
};

void check(const MinimizeOptions& options) {
  check_limits(op, {options.max_iterations, options.max_evaluations, {}});
  check_not_negative(op, "gradient_tolerance", options.gradient_tolerance);
  check_not_negative(op, "function_tolerance", options.function_tolerance);
  check_positive(op, "history", options.history);
  check_positive(op, "initial_radius", options.initial_radius);
}

/// Moves the unknowns to the minimum.
MinimumReport run(Unknowns& unknowns, Objective::Function f, const MinimizeOptions& options) {
  check(options);
  const Method method = detail::get_named(op, "method", methods, options.method).value;
  const detail::NoRecording unseen;
  Objective objective(op, std::move(f), unknowns);
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
  return restoring(unknowns, [&] {
    return run(
        unknowns, [&](std::span<const Tensor>) { return loss(); }, options);
  });
}

}  // namespace optimize

optimize::MinimumReport detail::minimize(const ScalarOfTensors& f, std::vector<Tensor>& x,
                                         const optimize::MinimizeOptions& options) {
  optimize::Unknowns unknowns("minimize", x);
  optimize::MinimumReport report = optimize::run(unknowns, f, options);
  x = unknowns.tensors();
  return report;
}

}  // namespace xtape
