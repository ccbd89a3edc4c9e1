#pragma once

#include <cstdint>

#include "xtape/core/tensor.hpp"

// Matrices and their diagonals, over the last two axes (tf.linalg). They take every dtype. The diagonal k has the
// elements (..., i, i + k).
namespace xtape {
namespace linalg {

/// [..., m, n] -> [..., n, m]
Tensor matrix_transpose(const Tensor& x);

/// Matrices with the elements of x [..., n] on the diagonal k and zeros elsewhere: [..., n + |k|, n + |k|].
Tensor diag(const Tensor& x, std::int64_t k = 0);
/// The diagonal k of matrices: [..., m, n] -> [..., its length]. Throws a ValueError for a k beyond the matrix.
Tensor diag_part(const Tensor& x, std::int64_t k = 0);
/// x with its main diagonal replaced: [..., m, n], [..., min(m, n)] -> [..., m, n].
Tensor set_diag(const Tensor& x, const Tensor& diagonal);
/// The sum of the main diagonal: [..., m, n] -> [...].
Tensor trace(const Tensor& x);
/// Keeps the elements that are at most `lower` below and at most `upper` above the main diagonal; the others become 0.
/// -1 means no limit.
Tensor band_part(const Tensor& x, std::int64_t lower, std::int64_t upper);

}  // namespace linalg
}  // namespace xtape
