#pragma once

#include <cstdint>

#include "xtape/base/dtype.hpp"

namespace xtape::kernels {

/// Null where the products below are faster than those of float32, otherwise why they are not: oneDNN is not there, or
/// the processor has neither AVX512-BF16 nor AMX.
const char* why_bf16_is_slow() noexcept;

/// c = op(a) op(b), as gemm() of float32 does: sums in float32 of the exact products, rounded once where c is bfloat16.
/// By oneDNN; where it has no fast kernel by way of float32. Numbers below 1.2e-38 may count as zero.
void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const BFloat16* a,
          std::int64_t lda, const BFloat16* b, std::int64_t ldb, BFloat16* c, std::int64_t ldc);
void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const BFloat16* a,
          std::int64_t lda, const BFloat16* b, std::int64_t ldb, float* c, std::int64_t ldc);

/// c = op(a) op(b) + bias, and max(c, 0) of that where `relu` is set, rounded at the end. bias may be null.
void gemm_bias_act(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const BFloat16* a,
                   std::int64_t lda, const BFloat16* b, std::int64_t ldb, const float* bias, bool relu, BFloat16* c,
                   std::int64_t ldc);

}  // namespace xtape::kernels
