#include "kernels/gemm_bf16.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/relu_grad_bf16.hpp"
#include "support/threads.hpp"

namespace {

using xtape::BFloat16;
using xtape::kernels::gemm;
using xtape::kernels::gemm_bias_act;
using xtape::kernels::relu_bias_grad;

/// Whole numbers, so that products and sums are exact; in gaps between the rows NaN.
struct Matrix {
  std::int64_t rows, columns, stride;
  std::vector<BFloat16> data;
  Matrix(std::int64_t r, std::int64_t c, std::int64_t gap)
      : rows(r), columns(c), stride(c + gap), data(static_cast<std::size_t>(r * stride), BFloat16(NAN)) {
    static std::mt19937 generator(3);
    std::uniform_int_distribution<int> number(-9, 9);
    for (std::int64_t i = 0; i < r; ++i) {
      for (std::int64_t j = 0; j < c; ++j) {
        data[static_cast<std::size_t>(i * stride + j)] = BFloat16(static_cast<float>(number(generator)));
      }
    }
  }
  float operator()(std::int64_t i, std::int64_t j) const {
    return static_cast<float>(data[static_cast<std::size_t>(i * stride + j)]);
  }
};

struct Size {
  std::int64_t m, n, k, gap;
};

TEST_CASE("gemm of bfloat16: exact sums of whole numbers, rounded once") {
  for (const int threads : {1, 2}) {
    const xtape::testing::Threads limit(threads);
    for (const Size& s : {Size{1, 1, 1, 0}, Size{3, 5, 7, 2}, Size{17, 10, 33, 0}, Size{64, 33, 130, 5},
                          Size{128, 96, 256, 0}, Size{2, 3, 0, 0}, Size{0, 4, 4, 0}}) {
      for (int flags = 0; flags < 4; ++flags) {
        const bool ta = (flags & 1) != 0, tb = (flags & 2) != 0;
        INFO("m ", s.m, ", n ", s.n, ", k ", s.k, ", transposed ", ta, " ", tb, ", threads ", threads);
        const Matrix a(ta ? s.k : s.m, ta ? s.m : s.k, s.gap), b(tb ? s.n : s.k, tb ? s.k : s.n, s.gap);
        std::vector<float> bias, wide(static_cast<std::size_t>(s.m * s.n), NAN);
        for (std::int64_t j = 0; j < s.n; ++j) bias.push_back(static_cast<float>(j % 7) - 3);
        std::vector<BFloat16> narrow(wide.size(), BFloat16(NAN)), active = narrow;
        gemm(ta, tb, s.m, s.n, s.k, a.data.data(), a.stride, b.data.data(), b.stride, wide.data(), s.n);
        gemm(ta, tb, s.m, s.n, s.k, a.data.data(), a.stride, b.data.data(), b.stride, narrow.data(), s.n);
        gemm_bias_act(ta, tb, s.m, s.n, s.k, a.data.data(), a.stride, b.data.data(), b.stride, bias.data(), true,
                      active.data(), s.n);
        int wrong = 0;
        for (std::int64_t i = 0; i < s.m; ++i) {
          for (std::int64_t j = 0; j < s.n; ++j) {
            float sum = 0;
            for (std::int64_t p = 0; p < s.k; ++p) sum += (ta ? a(p, i) : a(i, p)) * (tb ? b(j, p) : b(p, j));
            const auto at = static_cast<std::size_t>(i * s.n + j);
            wrong += wide[at] != sum;
            wrong += static_cast<float>(narrow[at]) != static_cast<float>(BFloat16(sum));
            wrong += static_cast<float>(active[at]) !=
                     static_cast<float>(BFloat16(std::max(0.0f, sum + bias[static_cast<std::size_t>(j)])));
          }
        }
        CHECK(wrong == 0);
      }
    }
  }
}

TEST_CASE("gemm of bfloat16: NaN and infinity propagate, through relu too") {
  const BFloat16 a[] = {BFloat16(NAN), BFloat16(1), BFloat16(std::numeric_limits<float>::infinity()), BFloat16(1)};
  const BFloat16 b[] = {BFloat16(1), BFloat16(1)};
  BFloat16 c[2];
  gemm(false, false, 2, 1, 2, a, 2, b, 1, c, 1);
  CHECK(std::isnan(static_cast<float>(c[0])));
  CHECK(std::isinf(static_cast<float>(c[1])));
}

TEST_CASE("gemm of bfloat16: why it is slow is said, or it is not") {
  const char* why = xtape::kernels::why_bf16_is_slow();
  if (why != nullptr) CHECK(std::strlen(why) > 10);
}

TEST_CASE("relu_bias_grad: the mask of relu and the sums of columns") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const int threads : {1, 2}) {
    const xtape::testing::Threads limit(threads);
    for (const Size& s :
         {Size{1, 1, 0, 0}, Size{7, 3, 0, 0}, Size{64, 17, 0, 0}, Size{330, 40, 0, 0}, Size{0, 3, 0, 0}}) {
      const std::int64_t rows = s.m, n = s.n;
      const auto size = static_cast<std::size_t>(rows * n);
      std::vector<BFloat16> dy(size), y(size), dz(size, BFloat16(NAN));
      const float values[] = {0, -0.0f, 1, -1, infinity, NAN, 1e-40f, 2, 0.5f};
      for (std::size_t i = 0; i < size; ++i) {
        dy[i] = BFloat16(static_cast<float>(i % 13) - 6);
        y[i] = BFloat16(values[i % 9]);
      }
      std::vector<float> masked(static_cast<std::size_t>(n), NAN), all = masked;
      relu_bias_grad(rows, n, dy.data(), y.data(), dz.data(), masked.data());
      relu_bias_grad(rows, n, dy.data(), nullptr, nullptr, all.data());
      std::vector<float> masked_sums(masked.size(), 0), sums = masked_sums;
      int wrong = 0;
      for (std::size_t i = 0; i < size; ++i) {
        const float g = static_cast<float>(dy[i]), kept = static_cast<float>(y[i]) > 0 ? g : 0;
        wrong += static_cast<float>(dz[i]) != kept;
        sums[i % sums.size()] += g;
        masked_sums[i % sums.size()] += kept;
      }
      INFO("rows ", rows, ", n ", n, ", threads ", threads);
      CHECK(wrong == 0);
      CHECK(masked == masked_sums);
      CHECK(all == sums);
      relu_bias_grad(rows, n, dy.data(), y.data(), dz.data(), nullptr);
    }
  }
}

}  // namespace
