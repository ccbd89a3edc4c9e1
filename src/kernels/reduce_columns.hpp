#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "kernels/parallel.hpp"
#include "kernels/reduce_operations.hpp"
#include "xtape/base/memory.hpp"

// The reduction of rows to one row. Rows are read in the order of memory, four at a time, and added to a row of partial
// results in the cache; sums are made in blocks of 64 rows and blocks of 64 blocks. The order of the additions depends
// on the shape alone.
namespace xtape::kernels {

inline constexpr std::int64_t block_rows = 64;
inline constexpr std::int64_t outer_block_rows = 64 * block_rows;
/// Columns whose partial results stay in the first cache.
template <class T>
constexpr std::int64_t panel_columns = static_cast<std::int64_t>(8192 / sizeof(T));

/// to = op(to, from)
template <class T, class Op>
void combine_rows(T* to, const T* from, std::int64_t n, const Op& op) {
  if constexpr (vectorised<T>) {
    map_row(n, to, op, to, from);
  } else {
    T* __restrict own = to;
    map_row(n, own, op, own, from);
  }
}

/// Reduces one or more rows, one after another, to `to`.
template <class T, class Op>
void reduce_few_rows(const T* __restrict in, std::int64_t rows, std::int64_t stride, T* __restrict to, std::int64_t n,
                     const Op& op) {
  std::int64_t r = 1;
  if (rows >= 4) {
    map_row(
        n, to, [&op](auto a, auto b, auto c, auto d) { return op(op(a, b), op(c, d)); }, in, in + stride,
        in + 2 * stride, in + 3 * stride);
    r = 4;
  } else {
    std::copy_n(in, n, to);
  }
  for (; r + 4 <= rows; r += 4) {
    const T* row = in + r * stride;
    map_row(
        n, to, [&op](auto sum, auto a, auto b, auto c, auto d) { return op(sum, op(op(a, b), op(c, d))); }, to, row,
        row + stride, row + 2 * stride, row + 3 * stride);
  }
  for (; r < rows; ++r) combine_rows(to, in + r * stride, n, op);
}

/// One or more rows of up to panel_columns columns.
template <class T, class Op>
void reduce_panel(const T* in, std::int64_t rows, std::int64_t stride, T* to, std::int64_t n, const Op& op) {
  if (rows <= block_rows) {
    reduce_few_rows(in, rows, stride, to, n, op);
    return;
  }
  alignas(64) std::array<T, static_cast<std::size_t>(panel_columns<T>)> sum, block;
  for (std::int64_t outer = 0; outer < rows; outer += outer_block_rows) {
    const std::int64_t end = std::min(rows, outer + outer_block_rows);
    T* const total = outer == 0 ? to : block.data();
    for (std::int64_t r = outer; r < end; r += block_rows) {
      T* const part = r == outer ? total : sum.data();
      reduce_few_rows(in + r * stride, std::min(end - r, block_rows), stride, part, n, op);
      if (r != outer) combine_rows(total, part, n, op);
    }
    if (outer != 0) combine_rows(to, total, n, op);
  }
}

/// One or more contiguous rows of any length.
template <class T, class Op>
void reduce_rows_to_one(const T* in, std::int64_t rows, std::int64_t n, T* to, const Op& op) {
  for (std::int64_t c = 0; c < n; c += panel_columns<T>) {
    reduce_panel(in + c, rows, n, to + c, std::min(panel_columns<T>, n - c), op);
  }
}

/// Rows shorter than this are taken several at a time.
inline constexpr std::int64_t short_row = 64;
/// How many short rows are taken as one; 1 where there are too few of them.
inline std::int64_t rows_in_one(std::int64_t rows, std::int64_t n) {
  const std::int64_t together = n >= short_row ? 1 : (2 * short_row + n - 1) / n;
  return rows >= 4 * together ? together : 1;
}

/// The same for rows of any length. Short rows are taken several at a time, and their columns are combined at the end.
template <class T, class Op>
void reduce_slice(const T* in, std::int64_t rows, std::int64_t n, T* to, const Op& op) {
  std::int64_t together = rows_in_one(rows, n);
  if (together == 1) {
    reduce_rows_to_one(in, rows, n, to, op);
    return;
  }
  T wide[4 * short_row];  // below 2 short_row + n
  const std::int64_t whole = rows / together, rest = rows - whole * together;
  reduce_rows_to_one(in, whole, together * n, wide, op);
  for (; together > 1; together -= together / 2) {
    combine_rows(wide, wide + (together - together / 2) * n, together / 2 * n, op);
  }
  if (rest > 0) {
    T last[2 * short_row];
    reduce_few_rows(in + (rows - rest) * n, rest, n, last, n, op);
    combine_rows(wide, last, n, op);
  }
  std::copy_n(wide, n, to);
}

/// The same on several threads: wide rows are cut into panels of columns, many rows into pieces whose size depends on
/// the shape alone.
template <class T, class Op>
void reduce_one_slice(const T* in, std::int64_t rows, std::int64_t n, T* to, const Op& op) {
  constexpr std::int64_t wide = 8192, piece_elements = 1 << 18;
  if (n >= wide) {
    const std::int64_t panels = (n + panel_columns<T> - 1) / panel_columns<T>;
    const std::int64_t grain = elementwise_grain / std::max<std::int64_t>(1, rows * panel_columns<T>);
    parallel_rows(panels, std::max<std::int64_t>(1, grain), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t p = begin; p < end; ++p) {
        const std::int64_t c = p * panel_columns<T>;
        reduce_panel(in + c, rows, n, to + c, std::min(panel_columns<T>, n - c), op);
      }
    });
    return;
  }
  const std::int64_t piece = std::max(block_rows, piece_elements / n / block_rows * block_rows);
  const std::int64_t pieces = (rows + piece - 1) / piece;
  if (pieces == 1) {
    reduce_slice(in, rows, n, to, op);
    return;
  }
  detail::PoolVector<T> partial(static_cast<std::size_t>(pieces * n));
  T* const partials = partial.data();
  parallel_rows(pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      reduce_slice(in + p * piece * n, std::min(piece, rows - p * piece), n, partials + p * n, op);
    }
  });
  reduce_slice(partials, pieces, n, to, op);
}

}  // namespace xtape::kernels
