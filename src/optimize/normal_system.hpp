#pragma once

#include "optimize/residuals.hpp"

namespace xtape::optimize {

/// The problem min |J p + r|^2 + lambda |D p|^2 with a diagonal D, for several lambda. J is decomposed once.
class NormalSystem {
 public:
  explicit NormalSystem(const Linearized& at);

  /// Whether lambda = 0 has one solution, as far as rounding shows.
  bool regular() const noexcept { return regular_; }
  /// A solution, and |R^-T v| for vectors v, where R' R = J' J + lambda D D.
  struct Step {
    Vector p;
    Matrix r;
    double norm_of_solved(const Vector& v) const;
  };
  Step solve(double lambda, const Vector& scale) const;

 private:
  Matrix r_;    // J = Q R
  Vector rhs_;  // Q' r
  bool regular_ = false;
};

}  // namespace xtape::optimize
