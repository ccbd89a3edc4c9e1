#pragma once

#include <string>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

// Decompositions of matrices, over the last two axes of float32 or float64 tensors (tf.linalg): a TypeError for other
// dtypes. All leading axes are a batch. For a matrix with NaN or infinity the results are NaN.
namespace xtape {
namespace linalg {

/// What qr returns.
struct Qr {
  Tensor q;  ///< [..., m, k], orthonormal columns
  Tensor r;  ///< [..., k, n], upper triangular
};
/// x = q r for x [..., m, n] with k = min(m, n): the reduced decomposition by Householder reflections. The diagonal of
/// r may have any sign. The gradient (Walter and Lehmann, "Algorithmic Differentiation of Linear Algebra Functions",
/// 2010) needs independent first k columns; otherwise it throws a ValueError.
Qr qr(const Tensor& x);

/// What svd returns.
struct Svd {
  Tensor s;  ///< [..., k], descending
  Tensor u;  ///< [..., m, k], orthonormal columns
  Tensor v;  ///< [..., n, k], orthonormal columns
};
/// x = u diag(s) v^T for x [..., m, n] with k = min(m, n). The gradient of s always exists; for equal singular values
/// it depends on the choice of their vectors. The gradients of u and v need distinct singular values, and for m != n
/// nonzero ones; terms that would divide by 0 are left out. They are meaningful only for functions that do not depend
/// on the signs of u and v.
Svd svd(const Tensor& x);

/// What eigh returns.
struct Eigh {
  Tensor w;  ///< [..., n], ascending
  Tensor v;  ///< [..., n, n], the eigenvectors as columns
};
/// x = v diag(w) v^T for symmetric x. Only the lower triangle is read and gets the gradient, as in TensorFlow. The
/// gradient of v needs distinct eigenvalues, as in svd. Throws a ValueError for matrices that are not square.
Eigh eigh(const Tensor& x);

/// Keyword arguments of lstsq.
struct LstsqOptions {
  double l2_regularizer = 0;  ///< minimise |a x - b|^2 + l2_regularizer |x|^2

  XTAPE_FIELDS(l2_regularizer)
};
/// The x that minimises |a x - b|; for m < n the one with the smallest norm. [..., m, n], [..., m, k] -> [..., n, k],
/// or a vector b [m] -> [..., n]; the leading axes broadcast. Uses qr for accuracy, as tf.linalg.lstsq with fast=False,
/// and has a gradient. Throws a ValueError for a matrix of rank below min(m, n) without l2_regularizer.
Tensor lstsq(const Tensor& a, const Tensor& b, LstsqOptions options = {});

/// A norm of matrices: [..., m, n] -> [...], [..., 1, 1] with keepdims. "fro": the root of the sum of squares; "nuc":
/// the sum of the singular values.
Tensor matrix_norm(const Tensor& x, const std::string& ord = "fro", bool keepdims = false);
/// 1: the largest column sum of absolute values; infinity: the largest row sum; 2: the largest singular value; -1,
/// -infinity, -2: the smallest ones. Throws a ValueError for another number.
Tensor matrix_norm(const Tensor& x, double ord, bool keepdims = false);

}  // namespace linalg
}  // namespace xtape
