#pragma once

#include <cstdint>

#include "xtape/core/tensor.hpp"

// Matrices and their diagonals, over the last two axes (tf.linalg). They take every dtype. The diagonal k is that of
// the elements (..., i, i + k).
namespace xtape {
namespace linalg {

/// [..., m, n] -> [..., n, m]
Tensor matrix_transpose(const Tensor& x);

/// Matrices with the elements of x [..., n] on the diagonal k and zeros elsewhere: [..., n + |k|, n + |k|].
Tensor diag(const Tensor& x, std::int64_t k = 0);
/// The diagonal k of matrices: [..., m, n] -> [..., elements of it]. Throws a ValueError for a k beyond the matrix.
Tensor diag_part(const Tensor& x, std::int64_t k = 0);
/// The matrices with another main diagonal: [..., m, n], [..., min(m, n)] -> [..., m, n].
Tensor set_diag(const Tensor& x, const Tensor& diagonal);
/// The sum of the main diagonal: [..., m, n] -> [...].
Tensor trace(const Tensor& x);
/// The elements at most `lower` below and `upper` above the main diagonal, zeros for the others; -1 keeps all.
Tensor band_part(const Tensor& x, std::int64_t lower, std::int64_t upper);

}  // namespace linalg
}  // namespace xtape
