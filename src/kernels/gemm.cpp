#include "kernels/gemm.hpp"

#include "kernels/gemm_library.hpp"
#include "kernels/gemm_tile.hpp"
#include "kernels/gemm_transpose.hpp"
#include "kernels/parallel.hpp"

// Products by tiles (gemm_tile.hpp): as in Goto and van de Geijn (Anatomy of High-Performance Matrix Multiplication,
// 2008), but with less packing. The sums of a tile of c stay in registers while it goes down a panel of b. A panel of
// b, `depth` rows of up to max_vectors vectors, stays in the first cache until all tiles below each other have used it.
// The elements of a are read one by one where they are; b is copied only where it has to be transposed, or padded for
// want of masked loads.
//
// Threads get blocks of c, whose sums they compute alone: the result does not depend on how many there are.
namespace xtape::kernels {

// Compiled for the machine's wide vectors, our tiles are as fast as oneDNN up to about 800 cubed, and faster below 100;
// a portable build only saves the library's call (0.4 us) for tiny products.
#if XSIMD_WITH_AVX512F || XSIMD_WITH_FMA3_AVX2 || XSIMD_WITH_FMA3_AVX || XSIMD_WITH_NEON64
double max_own_product() { return 5e8; }
#else
double max_own_product() { return 4096; }
#endif

namespace {

using tile::width;

/// m * n * k worth a thread of its own: about 2 us at the speed of one AVX-512 core, against 1 us to start a team.
constexpr double work_per_thread = 262144;

/// Elements of a column of b that a tile goes through in one go, so that b's panel stays in the first-level cache while
/// many rows of a pass. With few rows there is nothing to keep it for.
constexpr std::int64_t depth = 256;
constexpr std::int64_t few_rows = 128;

/// A sum of float32 may be this long in one register, and this long in c, to which the registers' sums are added.
/// Longer ones are sums of double: one float loses the digits of the last of some thousand products, and stands still
/// at 2^24.
constexpr std::int64_t max_run = 1024;
constexpr std::int64_t max_sum = 16384;

struct Range {
  std::int64_t begin;
  std::int64_t end;
  std::int64_t size() const { return end - begin; }
};

/// Whether a panel of n columns of b has to be copied: to be transposed, or to be padded.
template <class T>
bool needs_packing(const Product<T>& g, std::int64_t n) {
  return g.trans_b || (!tile::masked_loads && n % width<T> != 0);
}

/// The rows and columns of a product over part of its inner dimension, and where they go: c's first element is that of
/// the first row and column.
template <class T>
struct Block {
  Range rows;
  Range columns;
  Range inner;
  T* c;
  std::int64_t c_row;
  T alpha;
  T beta;
  const T* bias;  // of the whole product; may be null
  bool relu;
};

/// A block of c: panel by panel of its columns, and down each panel `step` rows of b at a time. Bias and relu belong to
/// the last step. `packed` has room for a panel of b, and is null where none needs packing.
template <class T>
void multiply_block(const Product<T>& g, const Block<T>& block, T* packed) {
  const auto [rows, columns, inner, c, c_row, alpha, beta, bias, relu] = block;
  const std::int64_t m = rows.size();
  // Of the whole product, not of this thread's block: where sums are interrupted decides how they are rounded.
  const std::int64_t step = needs_packing(g, g.n) || g.m > few_rows ? depth : std::clamp<std::int64_t>(g.k, 1, max_run);
  for (std::int64_t j = columns.begin; j < columns.end;) {
    const std::int64_t vectors = tile::panel_vectors((columns.end - j + width<T> - 1) / width<T>);
    const std::int64_t n = std::min(columns.end - j, vectors * width<T>);
    const bool pack = packed != nullptr && needs_packing(g, n);
    const std::int64_t packed_row = vectors * width<T>;
    std::int64_t p = inner.begin;
    do {  // once for k == 0 too
      const std::int64_t k = std::min(step, inner.end - p);
      const bool last = p + k == inner.end;
      if (pack && g.trans_b) {
        tile::transpose(k, n, g.b + j * g.ldb + p, g.ldb, packed, packed_row);
      } else if (pack) {
        tile::pad(k, n, g.b + p * g.ldb + j, g.ldb, packed, packed_row);
      }
      tile::Part<T> part = {.k = k,
                            .a = g.a + (g.trans_a ? p * g.lda + rows.begin : rows.begin * g.lda + p),
                            .a_row = g.trans_a ? 1 : g.lda,
                            .a_step = g.trans_a ? g.lda : 1,
                            .b = pack ? packed : g.b + p * g.ldb + j,
                            .b_row = pack ? packed_row : g.ldb,
                            .alpha = alpha,
                            .beta = p == inner.begin ? beta : T(1),
                            .c = c + (j - columns.begin),
                            .c_row = c_row,
                            .bias = last && bias != nullptr ? bias + j : nullptr,
                            .relu = last && relu};
      tile::multiply_panel(part, m, n);
      p += k;
    } while (p < inner.end);
    j += n;
  }
}

/// Apart, so that products without packing do not pay for room on the stack.
template <class T>
[[gnu::noinline]] void multiply_block_packed(const Product<T>& g, const Block<T>& block) {
  alignas(64) T packed[depth * tile::max_vectors * width<T>];
  multiply_block(g, block, packed);
}

template <class T>
void multiply(const Product<T>& g, const Block<T>& block) {
  if (needs_packing(g, block.columns.size())) {
    multiply_block_packed(g, block);
  } else {
    multiply_block<T>(g, block, nullptr);
  }
}

/// A part of c whose sums are long: products of `max_sum` rows of b, which are added in double. In pieces of c
/// whose sums fit onto the stack.
[[gnu::noinline]] void multiply_long(const Product<float>& g, Range rows, Range columns) {
  constexpr std::int64_t max_rows = 256, max_columns = tile::max_vectors * width<float>;
  alignas(64) float part[max_rows * max_columns];
  double sums[max_rows * max_columns];
  for (std::int64_t i = rows.begin; i < rows.end; i += max_rows) {
    for (std::int64_t j = columns.begin; j < columns.end; j += max_columns) {
      const Range down{i, std::min(rows.end, i + max_rows)}, across{j, std::min(columns.end, j + max_columns)};
      const std::int64_t n = across.size();
      std::fill_n(sums, down.size() * n, 0.0);
      for (std::int64_t p = 0; p < g.k; p += max_sum) {
        const Range inner{p, std::min(g.k, p + max_sum)};
        multiply<float>(g, {down, across, inner, part, n, 1, 0, nullptr, false});
        for (std::int64_t e = 0; e < down.size() * n; ++e) sums[e] += static_cast<double>(part[e]);
      }
      for (std::int64_t row = 0; row < down.size(); ++row) {
        float* const c = g.c + (i + row) * g.ldc + j;
        for (std::int64_t column = 0; column < n; ++column) {
          double sum = static_cast<double>(g.alpha) * sums[row * n + column];
          if (g.beta != 0) sum += static_cast<double>(g.beta) * static_cast<double>(c[column]);
          if (g.bias != nullptr) sum += static_cast<double>(g.bias[j + column]);
          c[column] = g.relu && sum < 0 ? 0.0f : static_cast<float>(sum);
        }
      }
    }
  }
}

/// The rows and columns of c that one thread computes.
template <class T>
void multiply(const Product<T>& g, Range rows, Range columns) {
  if constexpr (std::is_same_v<T, float>) {
    if (g.k > max_sum) return multiply_long(g, rows, columns);
  }
  multiply<T>(
      g, {rows, columns, {0, g.k}, g.c + rows.begin * g.ldc + columns.begin, g.ldc, g.alpha, g.beta, g.bias, g.relu});
}

/// Calls f(rows, columns) for a grid of blocks of c, one for each thread. Of all grids of that many blocks the one
/// whose largest block is smallest.
template <class T, class F>
void for_blocks(const Product<T>& g, std::int64_t threads, const F& f) {
  constexpr std::int64_t row_unit = 4;  // half a tile, at nearly a full tile's speed
  const auto units = [](std::int64_t all, std::int64_t pieces, std::int64_t unit) {
    return ((all + unit - 1) / unit + pieces - 1) / pieces;
  };
  std::int64_t best = 0;
  std::int64_t column_pieces = 1;
  for (std::int64_t pieces = 1; pieces <= threads; ++pieces) {
    if (threads % pieces != 0) continue;
    // Of equal grids the one with more cuts through the columns if b is the larger operand: each thread then reads its
    // own part of it.
    const std::int64_t size = units(g.m, threads / pieces, row_unit) * units(g.n, pieces, width<T>);
    if (best == 0 || size < best || (size == best && g.n >= g.m)) {
      best = size;
      column_pieces = pieces;
    }
  }
  const std::int64_t rows = units(g.m, threads / column_pieces, row_unit) * row_unit;
  const std::int64_t columns = units(g.n, column_pieces, width<T>) * width<T>;
  const double work = static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
  const auto run = [&](std::int64_t piece) {
    const std::int64_t row = piece / column_pieces * rows;
    const std::int64_t column = piece % column_pieces * columns;
    if (row < g.m && column < g.n) {
      f(Range{row, std::min(g.m, row + rows)}, Range{column, std::min(g.n, column + columns)});
    }
  };
  if (threads > 1 && may_share()) {
    share_calls(threads, static_cast<std::int64_t>(work / work_per_thread), run);
  } else {
    for (std::int64_t piece = 0; piece < threads; ++piece) run(piece);
  }
}

/// The block by the library, which stays on the calling thread.
template <class T>
bool library_block(const Product<T>& g, Range rows, Range columns) {
  Product<T> block = g;
  block.m = rows.end - rows.begin;
  block.n = columns.end - columns.begin;
  block.a += rows.begin * (g.trans_a ? 1 : g.lda);
  block.b += columns.begin * (g.trans_b ? g.ldb : 1);
  block.c += rows.begin * g.ldc + columns.begin;
  return library_gemm(block, 1);
}

/// After a library's product, which cannot add them.
template <class T>
void add_bias_and_activate(const Product<T>& g) {
  parallel_rows(g.m, elementwise_grain / g.n + 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      T* const row = g.c + i * g.ldc;
      for (std::int64_t j = 0; j < g.n; ++j) {
        const T value = g.bias != nullptr ? row[j] + g.bias[j] : row[j];
        row[j] = g.relu && value < T(0) ? T(0) : value;
      }
    }
  });
}

template <class T>
void product(Product<T>&& g) {
  if (g.m <= 0 || g.n <= 0) return;
  if (g.alpha == T(0)) g.k = 0;
  if (g.k <= 0) {  // a and b are not read and may be null, but pointers to them are computed
    g.a = g.b = g.c;
    g.k = g.lda = g.ldb = 0;
    g.trans_a = g.trans_b = false;
  }
  const double work = static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
  std::int64_t threads = 1;
  if (work >= 2 * work_per_thread) {
    threads = static_cast<std::int64_t>(std::min<double>(num_threads(), work / work_per_thread));
  }
  if (threads > 1 && !may_share()) threads = 1;
  if (work > max_own_product()) {
    Product<T> plain = g;
    plain.bias = nullptr;
    plain.relu = false;
    for_blocks(plain, threads, [&](Range rows, Range columns) {
      if (!library_block(plain, rows, columns)) multiply(plain, rows, columns);
    });
    if (g.bias != nullptr || g.relu) add_bias_and_activate(g);
  } else if (threads > 1) {
    for_blocks(g, threads, [&](Range rows, Range columns) { multiply(g, rows, columns); });
  } else {
    multiply(g, {0, g.m}, {0, g.n});
  }
}

}  // namespace

void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, float alpha, const float* a,
          std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc) {
  product<float>({trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, nullptr, false});
}

void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, double alpha, const double* a,
          std::int64_t lda, const double* b, std::int64_t ldb, double beta, double* c, std::int64_t ldc) {
  product<double>({trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, nullptr, false});
}

void gemm_bias_act(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
                   std::int64_t lda, const float* b, std::int64_t ldb, const float* bias, bool relu, float* c,
                   std::int64_t ldc) {
  product<float>({trans_a, trans_b, m, n, k, 1.0f, a, lda, b, ldb, 0.0f, c, ldc, bias, relu});
}

void gemm_bias_act(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const double* a,
                   std::int64_t lda, const double* b, std::int64_t ldb, const double* bias, bool relu, double* c,
                   std::int64_t ldc) {
  product<double>({trans_a, trans_b, m, n, k, 1.0, a, lda, b, ldb, 0.0, c, ldc, bias, relu});
}

}  // namespace xtape::kernels
