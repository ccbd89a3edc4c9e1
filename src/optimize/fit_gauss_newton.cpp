#include <fmt/format.h>

#include "optimize/fit.hpp"

namespace xtape::optimize {

void gauss_newton(Fit& fit) {
  while (!fit.run.ended()) {
    const NormalSystem system(fit.at);
    if (!system.regular()) {
      fit.run.end(Status::singular, "the columns of the Jacobian depend on each other; \"lm\" does not mind");
      return;
    }
    const Vector p = system.solve(0, {}).p;
    const double before = dot(fit.at.value, fit.at.value),
                 expected = dot(fit.at.jacobian.times(p), fit.at.jacobian.times(p)) / before;
    bool found = false;
    double actual = 0, step = 1;
    for (int halvings = 0; halvings < 40 && !found; ++halvings, step /= 2) {
      Vector to = fit.x;
      add_scaled(to, step, p);
      to = fit.residuals.unknowns().rounded(std::move(to));
      const Vector value = fit.residuals.at(to);
      actual = 1 - dot(value, value) / before;
      found = actual >= 1e-4 * step * expected;
      if (found && !fit.move_to(to)) return;
    }
    fit.test_decrease(found ? actual : 0, expected);
    if (found && !fit.run.ended()) fit.test_step(2 * step * norm(p), norm(fit.x));
    if (!found && !fit.run.ended()) {
      fit.run.end(Status::line_search_failed, fmt::format("no step decreases the sum of squares, {:.6g}", before));
    }
  }
}

}  // namespace xtape::optimize
