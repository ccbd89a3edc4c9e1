#include "kernels/gemm_bf16.hpp"

#include <algorithm>

#include "kernels/gemm.hpp"
#include "kernels/gemm_bf16_dot.hpp"
#include "kernels/gemm_bf16_onednn.hpp"
#include "kernels/long_products.hpp"
#include "kernels/parallel.hpp"
#include "kernels/scratch.hpp"

// Products of bfloat16: by oneDNN, or by dot_gemm() where it is not there, if the processor multiplies bfloat16;
// otherwise the operands become float32 and the result is rounded once. A bfloat16 product of two numbers is exact in
// float32, so both round the same sums.
namespace xtape::kernels {
namespace {

/// rows x columns, `row` elements apart, as float32 without gaps.
void widen(std::int64_t rows, std::int64_t columns, const BFloat16* from, std::int64_t row, float* to) {
  parallel_rows(rows, elementwise_grain / std::max<std::int64_t>(columns, 1) + 1,
                [&](std::int64_t begin, std::int64_t end) {
                  for (std::int64_t i = begin; i < end; ++i) {
                    for (std::int64_t j = 0; j < columns; ++j) {
                      to[i * columns + j] = static_cast<float>(from[i * row + j]);
                    }
                  }
                });
}

void round(std::int64_t rows, std::int64_t columns, const float* from, BFloat16* to, std::int64_t row) {
  parallel_rows(rows, elementwise_grain / std::max<std::int64_t>(columns, 1) + 1,
                [&](std::int64_t begin, std::int64_t end) {
                  for (std::int64_t i = begin; i < end; ++i) {
                    for (std::int64_t j = 0; j < columns; ++j) to[i * row + j] = BFloat16(from[i * columns + j]);
                  }
                });
}

std::size_t bytes(std::int64_t elements) { return static_cast<std::size_t>(std::max<std::int64_t>(elements, 0)) * 4; }

void by_float32(const Bf16Product& g) {
  const std::int64_t a_rows = g.trans_a ? g.k : g.m, a_columns = g.trans_a ? g.m : g.k;
  const std::int64_t b_rows = g.trans_b ? g.n : g.k, b_columns = g.trans_b ? g.k : g.n;
  const Scratch a(bytes(a_rows * a_columns)), b(bytes(b_rows * b_columns)), c(g.c_float ? 0 : bytes(g.m * g.n));
  float *x = static_cast<float*>(a.data()), *w = static_cast<float*>(b.data());
  widen(a_rows, a_columns, g.a, g.lda, x);
  widen(b_rows, b_columns, g.b, g.ldb, w);
  float* const y = g.c_float ? static_cast<float*>(g.c) : static_cast<float*>(c.data());
  gemm_bias_act(g.trans_a, g.trans_b, g.m, g.n, g.k, x, a_columns, w, b_columns, g.bias, g.relu, y,
                g.c_float ? g.ldc : g.n);
  if (!g.c_float) round(g.m, g.n, y, static_cast<BFloat16*>(g.c), g.ldc);
}

void product(const Bf16Product& g);

/// A long inner dimension: sum_pieces() adds the products of its pieces in double. Bias and relu follow the whole sum.
void by_pieces(const Bf16Product& g, std::int64_t length) {
  sum_pieces(
      g.m, g.n, g.k, length,
      [&g](std::int64_t begin, std::int64_t end, float* part) {
        Bf16Product p = g;
        p.k = end - begin;
        p.a += begin * (g.trans_a ? g.lda : 1);
        p.b += begin * (g.trans_b ? 1 : g.ldb);
        p.bias = nullptr;
        p.relu = false;
        p.c_float = true;
        p.c = part;
        p.ldc = g.n;
        product(p);
      },
      [&g](std::int64_t i, const double* sums) {
        for (std::int64_t j = 0; j < g.n; ++j) {
          const auto sum = static_cast<float>(g.bias == nullptr ? sums[j] : sums[j] + static_cast<double>(g.bias[j]));
          const float value = g.relu && sum < 0 ? 0 : sum;
          if (g.c_float) {
            static_cast<float*>(g.c)[i * g.ldc + j] = value;
          } else {
            static_cast<BFloat16*>(g.c)[i * g.ldc + j] = BFloat16(value);
          }
        }
      });
}

void product(const Bf16Product& g) {
  if (g.m <= 0 || g.n <= 0) return;
  constexpr std::int64_t max_sum = 65536;  // as in library_gemm of float32
  if (g.k > max_sum) return by_pieces(g, max_sum);
  if (g.k > 0 && (onednn_gemm(g) || dot_gemm(g))) return;
  by_float32(g);
}

}  // namespace

const char* why_bf16_is_slow() noexcept { return has_dot_gemm() ? nullptr : why_onednn_bf16_is_slow(); }

void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const BFloat16* a,
          std::int64_t lda, const BFloat16* b, std::int64_t ldb, BFloat16* c, std::int64_t ldc) {
  product({trans_a, trans_b, m, n, k, a, lda, b, ldb, nullptr, false, false, c, ldc});
}

void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const BFloat16* a,
          std::int64_t lda, const BFloat16* b, std::int64_t ldb, float* c, std::int64_t ldc) {
  product({trans_a, trans_b, m, n, k, a, lda, b, ldb, nullptr, false, true, c, ldc});
}

void gemm_bias_act(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const BFloat16* a,
                   std::int64_t lda, const BFloat16* b, std::int64_t ldb, const float* bias, bool relu, BFloat16* c,
                   std::int64_t ldc) {
  product({trans_a, trans_b, m, n, k, a, lda, b, ldb, bias, relu, false, c, ldc});
}

}  // namespace xtape::kernels
