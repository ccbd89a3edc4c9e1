#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "xtape/base/threads.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace xtape::kernels {

/// The number of elements for which a thread pays in an elementwise loop: sharing a loop costs about a microsecond.
inline constexpr std::int64_t elementwise_grain = 32768;

/// A loop's body for one of its pieces.
using PieceFunction = void (*)(const void* f, std::int64_t piece);

/// Calls run(f, piece) once for each piece of [0, pieces), on the calling thread and on helpers, and returns when all
/// are done. The caller takes every piece that no helper has begun, so a helper that the system does not schedule
/// delays nothing. If pieces throw, the first exception is rethrown here after all pieces have ended. `grains` is the
/// amount of work in units that are worth a thread: for a few of them, helpers that came too late before are not woken.
/// No other function of the library starts threads for an op.
void share_pieces(std::int64_t pieces, std::int64_t grains, PieceFunction run, const void* f);

/// Whether the calling thread is inside a piece, whose inner loops stay on it.
bool in_piece() noexcept;

/// Whether a loop of this thread may be shared by several.
inline bool may_share() noexcept {
#ifdef _OPENMP
  return num_threads() > 1 && !in_piece() && omp_in_parallel() == 0;
#else
  return false;
#endif
}

/// share_pieces() for any function.
template <class F>
void share_calls(std::int64_t pieces, std::int64_t grains, const F& f) {
  share_pieces(
      pieces, grains, [](const void* body, std::int64_t piece) { (*static_cast<const F*>(body))(piece); }, &f);
}

/// Calls f(begin, end) for pieces of [0, n) of at least `grain` items, in parallel when there are two or more of them.
/// Pieces begin at multiples of 64, so that neither cache lines nor vectors are split between threads. f may throw: see
/// share_pieces().
template <class F>
void parallel_for(std::int64_t n, std::int64_t grain, F&& f) {
  if (n <= 0) return;
  if (n >= 2 * grain && may_share()) {
    const std::int64_t max_pieces = std::min<std::int64_t>(num_threads(), n / grain);
    const std::int64_t piece = ((n + max_pieces - 1) / max_pieces + 63) / 64 * 64;
    share_calls((n + piece - 1) / piece, n / grain,
                [&f, piece, n](std::int64_t i) { f(i * piece, std::min(n, (i + 1) * piece)); });
    return;
  }
  f(std::int64_t{0}, n);
}

/// As parallel_for, for few heavy items (rows, blocks): pieces may begin anywhere.
template <class F>
void parallel_rows(std::int64_t rows, std::int64_t grain, F&& f) {
  if (rows <= 0) return;
  grain = std::max<std::int64_t>(grain, 1);
  if (rows >= 2 * grain && may_share()) {
    const std::int64_t max_pieces = std::min<std::int64_t>(num_threads(), rows / grain);
    const std::int64_t piece = (rows + max_pieces - 1) / max_pieces;
    share_calls((rows + piece - 1) / piece, rows / grain,
                [&f, piece, rows](std::int64_t i) { f(i * piece, std::min(rows, (i + 1) * piece)); });
    return;
  }
  f(std::int64_t{0}, rows);
}

}  // namespace xtape::kernels
