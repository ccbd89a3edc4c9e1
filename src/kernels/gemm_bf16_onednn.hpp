#pragma once

#include <cstdint>

#include "xtape/base/dtype.hpp"

namespace xtape::kernels {

/// The arguments of a product of bfloat16 matrices.
struct Bf16Product {
  bool trans_a;
  bool trans_b;
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  const BFloat16* a;
  std::int64_t lda;
  const BFloat16* b;
  std::int64_t ldb;
  const float* bias;  ///< may be null
  bool relu;
  bool c_float;  ///< c is of float, otherwise of BFloat16
  void* c;
  std::int64_t ldc;
};

/// Why onednn_gemm() has no fast kernels; null if it has.
const char* why_onednn_bf16_is_slow() noexcept;

/// False where oneDNN is not there or has no fast kernel for it.
bool onednn_gemm(const Bf16Product& g);

}  // namespace xtape::kernels
