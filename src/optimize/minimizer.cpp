#include "optimize/minimizer.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "optimize/line_search.hpp"

namespace xtape::optimize {

bool Minimizer::converged_at(const Point& point) {
  const double largest = max_norm(point.gradient);
  if (!(largest <= options.gradient_tolerance)) return false;
  run.end(Status::converged_gradient,
          fmt::format("the largest element of the gradient, {:.3g}, is within gradient_tolerance {:.3g}", largest,
                      options.gradient_tolerance));
  return true;
}

bool Minimizer::starts_at(const Point& first) {
  if (!first.is_finite()) {
    const char* what = std::isnan(first.value) ? "the function is NaN" : "the function is infinite";
    run.end(Status::not_finite,
            fmt::format("{} at x0", std::isfinite(first.value) ? "the gradient is not finite" : what));
  } else if (!converged_at(first) && options.max_iterations == 0) {
    run.end(Status::max_iterations, "max_iterations is 0");
  }
  return !run.ended();
}

bool Minimizer::moved(const Point& from, const Point& to) {
  run.count(f.unknowns(), to.x, f.evaluations(), to.value, max_norm(to.gradient));
  const double decrease = from.value - to.value;
  const double scale = std::max(std::abs(from.value), std::abs(to.value));
  if (converged_at(to)) return false;
  if (options.function_tolerance > 0 && decrease <= options.function_tolerance * scale) {
    run.end(Status::converged_value, fmt::format("an iteration decreased the function, {:.6g}, by {:.3g}, within "
                                                 "function_tolerance {:.3g}",
                                                 to.value, decrease, options.function_tolerance));
  }
  return !run.ended();
}

double steepest_step(const Point& point) { return std::min(1.0, 1 / norm(point.gradient)); }

namespace {

/// A step along the direction, or where that does not help, along that of the steepest descent.
std::optional<Point> step_from(const Point& now, Objective& f, Direction& direction) {
  const Vector d = direction.at(now);
  std::optional<Point> next;
  if (dot(d, now.gradient) < 0) {
    next = strong_wolfe(f, {now, d, direction.first_step(now, d), direction.curvature()});
  }
  if (next) return next;
  direction.reset();
  return strong_wolfe(f, {now, scaled(-1, now.gradient), steepest_step(now), direction.curvature()});
}

}  // namespace

Point descend(Minimizer& minimizer, Direction& direction, Point now) {
  for (bool go_on = true; go_on;) {
    std::optional<Point> next = step_from(now, minimizer.f, direction);
    if (!next) {
      minimizer.run.end(Status::line_search_failed,
                        fmt::format("no step decreases the function, {:.6g}, whose gradient has elements up to {:.3g}",
                                    now.value, max_norm(now.gradient)));
      break;
    }
    direction.moved(now, *next);
    go_on = minimizer.moved(now, *next);
    now = std::move(*next);
  }
  return now;
}

}  // namespace xtape::optimize
