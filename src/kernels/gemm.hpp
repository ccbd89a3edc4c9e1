#pragma once

#include <cstdint>

namespace xtape::kernels {

/// m * n * k of the largest product that xtape's own kernel computes, 5e8 in a build for a processor with wide vectors
/// and 4096 in a portable one. Larger ones are left to a library, whose last bits may depend on the number of threads.
double max_own_product();

/// c = alpha * op(a) op(b) + beta * c, row-major: op(a) is m x k, op(b) k x n, c m x n; op transposes where its flag is
/// set. lda, ldb, ldc are the distances between the rows of a, b, c as stored. With beta == 0, c is only written; with
/// alpha == 0 or k == 0, a and b are not read. NaN and infinity propagate. Any number of threads may call at once.
///
/// However large k is, a sum of float32 is as accurate as one of some thousand products: longer sums are made of such
/// pieces, which are added in double.
///
/// Products up to max_own_product() do not depend on the number of threads; larger ones go to oneDNN (float32) or BLAS.
void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, float alpha, const float* a,
          std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc);
void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, double alpha, const double* a,
          std::int64_t lda, const double* b, std::int64_t ldb, double beta, double* c, std::int64_t ldc);

/// c = op(a) op(b) + bias, and max(c, 0) of that where `relu` is set, in one pass over c. bias has n elements, or is
/// null.
void gemm_bias_act(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
                   std::int64_t lda, const float* b, std::int64_t ldb, const float* bias, bool relu, float* c,
                   std::int64_t ldc);
void gemm_bias_act(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const double* a,
                   std::int64_t lda, const double* b, std::int64_t ldb, const double* bias, bool relu, double* c,
                   std::int64_t ldc);

}  // namespace xtape::kernels
