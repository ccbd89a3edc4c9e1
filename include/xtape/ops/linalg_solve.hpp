#pragma once

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

// Square matrices, over the last two axes of float32 or float64 tensors (tf.linalg): a TypeError for other dtypes, a
// ValueError for matrices that are not square. All leading axes are a batch. The gradients are those of Giles,
// "Collected Matrix Derivative Results for Forward and Reverse Mode Algorithmic Differentiation" (2008).
namespace xtape {
namespace linalg {

/// The inverse matrix. Throws a ValueError for a singular matrix, that is, one with a pivot of exactly 0.
Tensor inv(const Tensor& x);
Tensor inverse(const Tensor& x);

/// The determinant: [..., n, n] -> [...]; 1 for an empty matrix. The gradient, the matrix of cofactors, exists for
/// singular matrices too. Their second derivative, which uses a singular value decomposition, is right if the rank is
/// at least n - 1.
Tensor det(const Tensor& x);

/// What slogdet returns.
struct Slogdet {
  Tensor sign;    ///< -1, 0 or 1
  Tensor logdet;  ///< log |det x|, -inf for a singular matrix
};
/// The determinant as sign e^logdet, which does not overflow (np.linalg.slogdet). sign has no gradient. The gradient of
/// logdet needs the inverse, so it throws a ValueError for a singular matrix.
Slogdet slogdet(const Tensor& x);

/// Keyword arguments of solve.
struct SolveOptions {
  bool adjoint = false;  ///< solve a^T x = b

  XTAPE_FIELDS(adjoint)
};
/// The x with a x = b: [..., n, n], [..., n, k] -> [..., n, k], or a vector b [n] -> [..., n]. The leading axes
/// broadcast. Throws a ValueError for a singular matrix.
Tensor solve(const Tensor& a, const Tensor& b, SolveOptions options = {});

/// Keyword arguments of triangular_solve.
struct TriangularSolveOptions {
  bool lower = true;     ///< a is lower triangular; elements above its diagonal are not read
  bool adjoint = false;  ///< solve a^T x = b

  XTAPE_FIELDS(lower, adjoint)
};
/// solve() for a triangular matrix, which is singular if its diagonal contains a 0.
Tensor triangular_solve(const Tensor& a, const Tensor& b, TriangularSolveOptions options = {});

/// The lower triangular L with a positive diagonal and L L^T = x, for symmetric x. Only the lower triangle of x is
/// read. The gradient is a symmetric matrix for x as a whole, as in TensorFlow (Murray, "Differentiation of the
/// Cholesky decomposition", 2016). Throws a ValueError for a matrix that is not positive definite.
Tensor cholesky(const Tensor& x);

}  // namespace linalg
}  // namespace xtape
