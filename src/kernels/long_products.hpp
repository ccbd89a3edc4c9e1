#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/parallel.hpp"
#include "kernels/scratch.hpp"

// Products of float32 with a long inner dimension: one float loses the digits of what is added to it after millions of
// products, and no longer grows after 2^24 ones. The inner dimension is cut into pieces whose products are added in
// double.
namespace xtape::kernels {

/// piece(begin, end, part) writes the product of [begin, end) of the inner dimension to `part`, m x n without gaps;
/// finish(i, sums) takes row i of the sums of all pieces of up to `length`.
template <class Piece, class Finish>
void sum_pieces(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t length, const Piece& piece,
                const Finish& finish) {
  const std::int64_t all = m * n;
  const Scratch parts(static_cast<std::size_t>(all) * sizeof(float)),
      total(static_cast<std::size_t>(all) * sizeof(double));
  float* const part = static_cast<float*>(parts.data());
  double* const sums = static_cast<double*>(total.data());
  for (std::int64_t begin = 0; begin < k; begin += length) {
    piece(begin, std::min(k, begin + length), part);
    parallel_for(all, elementwise_grain, [=](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) sums[i] = (begin == 0 ? 0 : sums[i]) + static_cast<double>(part[i]);
    });
  }
  parallel_rows(m, elementwise_grain / std::max<std::int64_t>(n, 1) + 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) finish(i, sums + i * n);
  });
}

}  // namespace xtape::kernels
