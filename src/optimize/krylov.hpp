#pragma once

#include <cstdint>
#include <functional>

#include "optimize/vectors.hpp"

namespace xtape::optimize {

/// A linear system a x = b for vectors of doubles.
struct LinearSystem {
  std::function<Vector(const Vector&)> a;
  std::function<Vector(const Vector&)> preconditioner;
  const Vector& b;
  double tolerance = 0;  ///< for |b - a x|
  std::int64_t max_products = 0;
  std::size_t restart = 0;
};

/// A solution, and how many products with the matrix it took.
struct KrylovSolution {
  Vector x;
  std::int64_t products = 0;
};

KrylovSolution conjugate_gradients(const LinearSystem& system, Vector x);
KrylovSolution generalized_minimal_residual(const LinearSystem& system, Vector x);
KrylovSolution stabilized_biconjugate_gradients(const LinearSystem& system, Vector x);

}  // namespace xtape::optimize
