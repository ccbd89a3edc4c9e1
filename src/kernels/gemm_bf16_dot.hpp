#pragma once

#include "kernels/gemm_bf16_onednn.hpp"

namespace xtape::kernels {

/// Whether dot_gemm() computes: the processor, and the level that runs, have AVX512-BF16.
bool has_dot_gemm() noexcept;

/// The product by the processor's dot products of pairs (vdpbf16ps), for builds without oneDNN, which has such kernels
/// as well. False where they are not there.
bool dot_gemm(const Bf16Product& g);

}  // namespace xtape::kernels
