#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "xtape/core/tensor.hpp"

// Family: linear systems whose matrix is only known as a function: conjugate gradients, GMRES, BiCGSTAB.
namespace xtape {
namespace linalg {

/// A linear function of a tensor: the product of a matrix with its elements.
using LinearOperator = std::function<Tensor(const Tensor&)>;

/// Keyword arguments of cg, gmres and bicgstab.
struct IterativeOptions {
  Tensor x0 = {};  ///< where to start; zeros without it
  /// Converged when the norm of the residual is no larger than this times that of b.
  double tolerance = 1e-5;
  std::int64_t max_iterations = 0;     ///< products with the matrix that are allowed; 0: 10 n
  int restart = 30;                    ///< how many products gmres keeps before it starts again
  LinearOperator preconditioner = {};  ///< a cheap approximation of the inverse matrix; for cg symmetric and positive
};

/// What cg, gmres and bicgstab return.
struct IterativeSolution {
  Tensor x;                     ///< of b's shape and dtype
  double residual_norm = 0;     ///< |b - a x|
  std::int64_t iterations = 0;  ///< products with the matrix
  bool converged = false;
};

/// The x with a(x) = b for a symmetric, positive definite matrix, by conjugate gradients (Hestenes and Stiefel, 1952).
///
///     auto a = [&](const Tensor& x) { return matmul(m, x) + 0.1 * x; };
///     Tensor x = linalg::cg(a, b).x;
///
/// b is float32 or float64 of any shape; a gives a tensor of that shape. The arithmetic is in double. x is a function
/// of b and of all that a uses, and has its gradients for them, of any order, by implicit differentiation: the backward
/// pass solves one system of the same kind. So a is called again there, and what it refers to must still exist.
///
/// A solution that has not converged is not an error: see `converged`. Throws a ValueError for bad options and for an a
/// that changes the shape, a TypeError for other dtypes.
IterativeSolution cg(const LinearOperator& a, const Tensor& b, const IterativeOptions& options = {});
/// The same for any regular matrix, by minimising the residual over the Krylov space (Saad and Schultz, 1986),
/// preconditioned from the right. The backward pass solves with the transposed matrix, which the tape derives from a.
IterativeSolution gmres(const LinearOperator& a, const Tensor& b, const IterativeOptions& options = {});
/// The same by stabilised biconjugate gradients (van der Vorst, 1992): little memory, but it can break down.
IterativeSolution bicgstab(const LinearOperator& a, const Tensor& b, const IterativeOptions& options = {});

}  // namespace linalg
}  // namespace xtape
