#pragma once

#include <optional>

#include "optimize/objective.hpp"

namespace xtape::optimize {

/// Where a line search starts.
struct Line {
  const Point& from;
  const Vector& direction;
  double first_step = 1;
  double curvature = 0.9;  ///< c2 of the Wolfe conditions
};

/// The point of a step a > 0 along the line that fulfils the strong Wolfe conditions (Nocedal and Wright,
/// algorithms 3.5 and 3.6)
///
///     f(x + a d) <= f(x) + c1 a f'(x) d    and    |f'(x + a d) d| <= c2 |f'(x) d|
///
/// with c1 = 1e-4, the first one up to the rounding of f. Steps to where f is not finite are shortened. Where no step
/// fulfils both, one that decreases f; nothing if there is none.
std::optional<Point> strong_wolfe(Objective& f, const Line& line);

}  // namespace xtape::optimize
