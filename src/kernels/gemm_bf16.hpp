#pragma once

#include <cstdint>

#include "xtape/base/dtype.hpp"

namespace xtape::kernels {

/// Why the products below are not faster than those of float32: the processor has neither AVX512-BF16 nor AMX, or xtape
/// was compiled neither with oneDNN nor for AVX512-BF16. Null if they are faster.
const char* why_bf16_is_slow() noexcept;

/// c = op(a) op(b), with the arguments of gemm() of float32: sums in float32 of the exact products, rounded once if c
/// is bfloat16. Computed by oneDNN, by kernels of ours for AVX512-BF16, or as float32 where there is neither. Numbers
/// below 1.2e-38 may count as zero.
void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const BFloat16* a,
          std::int64_t lda, const BFloat16* b, std::int64_t ldb, BFloat16* c, std::int64_t ldc);
void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const BFloat16* a,
          std::int64_t lda, const BFloat16* b, std::int64_t ldb, float* c, std::int64_t ldc);

/// c = op(a) op(b) + bias, and max(c, 0) of that where `relu` is set, rounded at the end. bias may be null.
void gemm_bias_act(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const BFloat16* a,
                   std::int64_t lda, const BFloat16* b, std::int64_t ldb, const float* bias, bool relu, BFloat16* c,
                   std::int64_t ldc);

}  // namespace xtape::kernels
