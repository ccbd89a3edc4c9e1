#pragma once

#include <fmt/format.h>

#include <memory>

#include "optimize/objective.hpp"
#include "optimize/run.hpp"
#include "xtape/optimize/minimize.hpp"

// The methods of minimize: those that search along a line differ in how they choose its direction.
namespace xtape::optimize {

/// Tests convergence, and counts.
class Minimizer {
 public:
  Minimizer(Objective& f, const MinimizeOptions& options)
      : f(f),
        options(options),
        run("minimize", options.method, {options.max_iterations, options.max_evaluations, options.callback}) {}

  /// Whether there is something to do at the first point.
  bool starts_at(const Point& first);
  /// Tests what the step has reached; false if that is the end.
  bool moved(const Point& from, const Point& to);

  Objective& f;
  const MinimizeOptions& options;
  Run run;

 private:
  bool converged_at(const Point& point);
};

/// How a line search method chooses its directions.
class Direction {
 public:
  virtual ~Direction() = default;
  virtual Vector at(const Point& point) = 0;
  /// The first step to try along the direction.
  virtual double first_step(const Point&, const Vector&) { return 1; }
  /// Learns from a step.
  virtual void moved(const Point& from, const Point& to) = 0;
  /// Forgets what it has learned; the next direction is that of the steepest descent.
  virtual void reset() = 0;
  /// c2 of the Wolfe conditions.
  virtual double curvature() const { return 0.9; }
};

std::unique_ptr<Direction> lbfgs(int history);
std::unique_ptr<Direction> bfgs();
std::unique_ptr<Direction> nonlinear_cg();
std::unique_ptr<Direction> newton_cg(Objective& f);

/// The step of the steepest descent, whose length says nothing: no longer than 1.
double steepest_step(const Point& point);

Point descend(Minimizer& minimizer, Direction& direction, Point now);
Point trust_ncg(Minimizer& minimizer, Point now);

}  // namespace xtape::optimize
