#pragma once

#include <string>

#include "xtape/core/tensor.hpp"

// Decompositions of matrices, over the last two axes of float32 or float64 tensors (tf.linalg): a TypeError for other
// dtypes. All leading axes are a batch. A matrix with NaN or infinity has a decomposition of NaN.
namespace xtape {
namespace linalg {

/// What qr returns.
struct Qr {
  Tensor q;  ///< [..., m, k], orthonormal columns
  Tensor r;  ///< [..., k, n], upper triangular
};
/// x = q r of [..., m, n] with k = min(m, n): the reduced decomposition, by Householder's reflections; r's diagonal has
/// any sign. The gradient (Walter and Lehmann, "Algorithmic Differentiation of Linear Algebra Functions", 2010) exists
/// where the first k columns are independent: otherwise it is a ValueError.
Qr qr(const Tensor& x);

/// What svd returns.
struct Svd {
  Tensor s;  ///< [..., k], descending
  Tensor u;  ///< [..., m, k], orthonormal columns
  Tensor v;  ///< [..., n, k], orthonormal columns
};
/// x = u diag(s) v^T of [..., m, n] with k = min(m, n). The gradient of s always exists, up to the choice of vectors
/// for equal values. That of u and v needs different values, and for m != n values that are not 0; terms that would
/// divide by 0 are left out. A function of u and v whose value depends on their signs has no meaningful gradient.
Svd svd(const Tensor& x);

/// What eigh returns.
struct Eigh {
  Tensor w;  ///< [..., n], ascending
  Tensor v;  ///< [..., n, n], the eigenvectors as columns
};
/// x = v diag(w) v^T of symmetric x, of which the lower triangle is read and has the gradient, as in TensorFlow. That
/// of v needs different eigenvalues, as for svd. Throws a ValueError for matrices that are not square.
Eigh eigh(const Tensor& x);

/// Keyword arguments of lstsq.
struct LstsqOptions {
  double l2_regularizer = 0;  ///< minimise |a x - b|^2 + l2_regularizer |x|^2
};
/// The x that minimises |a x - b|: [..., m, n], [..., m, k] -> [..., n, k], or a vector b [m] -> [..., n]; for m < n
/// the smallest such x. The leading axes broadcast. Goes through qr, as tf.linalg.lstsq with fast=False does for
/// accuracy, and has a gradient. Throws a ValueError for a matrix whose rank is below min(m, n), unless it is
/// regularised.
Tensor lstsq(const Tensor& a, const Tensor& b, LstsqOptions options = {});

/// A norm of matrices: [..., m, n] -> [...], [..., 1, 1] with keepdims. "fro": the root of the sum of squares; "nuc":
/// the sum of the singular values.
Tensor matrix_norm(const Tensor& x, const std::string& ord = "fro", bool keepdims = false);
/// 1: the largest column sum of absolute values; infinity: the largest row sum; 2: the largest singular value; -1,
/// -infinity, -2: the smallest ones. Throws a ValueError for another number.
Tensor matrix_norm(const Tensor& x, double ord, bool keepdims = false);

}  // namespace linalg
}  // namespace xtape
