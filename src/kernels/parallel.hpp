#pragma once

#include <algorithm>
#include <cstdint>

#include "xtape/core/threads.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace xtape::kernels {

/// Elements below which an elementwise loop stays on the calling thread: starting a team costs a few microseconds.
inline constexpr std::int64_t elementwise_grain = 32768;

/// Calls f(begin, end) for pieces of [0, n) of at least `grain` items, in parallel when there are two or more of them.
/// Pieces begin at multiples of 64, so that neither cache lines nor vectors are split between threads. f must not
/// throw. The one place of the library that starts threads for an op.
template <class F>
void parallel_for(std::int64_t n, [[maybe_unused]] std::int64_t grain, F&& f) {
  if (n <= 0) return;
#ifdef _OPENMP
  if (n >= 2 * grain && num_threads() > 1 && omp_in_parallel() == 0) {
    const int pieces = static_cast<int>(std::min<std::int64_t>(num_threads(), n / grain));
    const std::int64_t piece = ((n + pieces - 1) / pieces + 63) / 64 * 64;
#pragma omp parallel num_threads(pieces)
    {
      const std::int64_t begin = piece * omp_get_thread_num();
      // The team may be smaller than asked for: each thread then takes several pieces.
      for (std::int64_t b = begin; b < n; b += piece * omp_get_num_threads()) f(b, std::min(n, b + piece));
    }
    return;
  }
#endif
  f(std::int64_t{0}, n);
}

/// As parallel_for, for few heavy items (rows, blocks): pieces begin anywhere.
template <class F>
void parallel_rows(std::int64_t rows, [[maybe_unused]] std::int64_t grain, F&& f) {
  if (rows <= 0) return;
#ifdef _OPENMP
  grain = std::max<std::int64_t>(grain, 1);
  if (rows >= 2 * grain && num_threads() > 1 && omp_in_parallel() == 0) {
    const int pieces = static_cast<int>(std::min<std::int64_t>(num_threads(), rows / grain));
    const std::int64_t piece = (rows + pieces - 1) / pieces;
#pragma omp parallel num_threads(pieces)
    {
      const std::int64_t begin = piece * omp_get_thread_num();
      for (std::int64_t b = begin; b < rows; b += piece * omp_get_num_threads()) f(b, std::min(rows, b + piece));
    }
    return;
  }
#endif
  f(std::int64_t{0}, rows);
}

}  // namespace xtape::kernels
