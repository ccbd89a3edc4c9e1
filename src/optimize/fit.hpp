#pragma once

#include "optimize/normal_system.hpp"
#include "optimize/residuals.hpp"
#include "optimize/run.hpp"
#include "xtape/optimize/least_squares.hpp"

namespace xtape::optimize {

/// The state of a fit: the best point so far, with its residuals and their Jacobian.
class Fit {
 public:
  Fit(Residuals& residuals, const LeastSquaresOptions& options);

  /// Whether there is something to do at the first point.
  bool starts();
  /// Goes to a better point, where the residuals are known, and tests the gradient; false if the run has ended.
  bool move_to(const Vector& to);
  /// Ends the run if the decrease that came, as a part of the sum of squares, and the one that was expected are within
  /// function_tolerance.
  void test_decrease(double actual, double expected);
  void test_step(double step, double size);

  Residuals& residuals;
  const LeastSquaresOptions& options;
  Run run;
  Vector x;
  Linearized at;

 private:
  double tolerance(double wanted) const;
  void test_gradient();
  bool test_finite(const char* where);
};

void levenberg_marquardt(Fit& fit);
void gauss_newton(Fit& fit);

}  // namespace xtape::optimize
