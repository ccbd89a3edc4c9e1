#pragma once

#include <cstdint>
#include <optional>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

// Functions of matrices, over the last two axes of float32 or float64 tensors: a TypeError for other dtypes, a
// ValueError for matrices that are not square where they have to be. All leading axes are a batch.
namespace xtape {
namespace linalg {

/// Keyword arguments of pinv.
struct PinvOptions {
  /// Singular values up to this fraction of the largest one count as 0; none: max(m, n) times the dtype's epsilon.
  std::optional<double> rcond = {};

  XTAPE_FIELDS(rcond)
};
/// The pseudoinverse of Moore and Penrose: [..., m, n] -> [..., n, m]. The gradient (Golub and Pereyra, "The
/// Differentiation of Pseudo-Inverses and Nonlinear Least Squares Problems Whose Variables Separate", 1973) is that of
/// a constant rank.
Tensor pinv(const Tensor& x, const PinvOptions& options = {});

/// The eigenvalues of symmetric matrices, ascending: eigh(x).w.
Tensor eigvalsh(const Tensor& x);
/// log det x: -inf for a singular matrix, NaN for a negative determinant. Its gradient is that of slogdet.
Tensor logdet(const Tensor& x);
/// The product of n matrices x; of -n inverse ones for n < 0, of which none may be singular (a ValueError).
Tensor matrix_power(const Tensor& x, int n);
/// e^x = I + x + x^2 / 2 + ..., by scaling and squaring (Higham, "The Scaling and Squaring Method for the Matrix
/// Exponential Revisited", 2005). NaN for a matrix with NaN or infinity.
Tensor expm(const Tensor& x);

/// Keyword arguments of matrix_rank.
struct MatrixRankOptions {
  std::optional<double> tol = {};  ///< none: max(m, n) times the dtype's epsilon times the largest singular value

  XTAPE_FIELDS(tol)
};
/// The number of singular values above tol, as int64: [..., m, n] -> [...] (np.linalg.matrix_rank). No gradient.
Tensor matrix_rank(const Tensor& x, const MatrixRankOptions& options = {});

/// The condition number: for p = 2 and -2 the largest singular value over the smallest one, or its inverse, of matrices
/// of any shape; for 1, -1 and plus or minus infinity matrix_norm(x, p) matrix_norm(inv(x), p) of square ones
/// (np.linalg.cond).
Tensor cond(const Tensor& x, double p = 2);

}  // namespace linalg
}  // namespace xtape
