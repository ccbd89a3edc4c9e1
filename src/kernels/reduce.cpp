#include "kernels/reduce.hpp"

#include <array>
#include <limits>

#include "kernels/dispatch.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"
#include "xtape/core/memory.hpp"

namespace xtape::kernels {
namespace {

// Sums are made in blocks, so that no number is added to more than some hundred times its size: contiguous rows in
// blocks of 64 numbers for each lane of four vectors, columns in blocks of blocks.
template <class T>
constexpr std::int64_t block_elements = 4096;
template <class T>
requires vectorised<T>
constexpr std::int64_t block_elements<T> = 256 * static_cast<std::int64_t>(Batch<T>::size);
constexpr std::int64_t block_rows = 64;
constexpr std::int64_t outer_block_rows = 64 * block_rows;

struct Sum {
  template <class T>
  static T neutral() {
    return T(0);
  }
  template <class V>
  V operator()(V a, V b) const {
    return a + b;
  }
};

struct Prod {
  template <class T>
  static T neutral() {
    return T(1);
  }
  template <class V>
  V operator()(V a, V b) const {
    return a * b;
  }
};

struct Max {
  template <class T>
  static T neutral() {
    return std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::lowest();
  }
  template <class V>
  V operator()(V a, V b) const {
    return select(is_nan(a) || a > b, a, b);  // either NaN wins
  }
};

struct Min {
  template <class T>
  static T neutral() {
    return std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
  }
  template <class V>
  V operator()(V a, V b) const {
    return select(is_nan(a) || a < b, a, b);
  }
};

// Pairs of neighbours, then pairs of pairs: the rounding error grows with log n.
template <class T, class Op>
T combine_pairwise(T* values, std::int64_t n, const Op& op) {
  for (; n > 1; n = (n + 1) / 2) {
    for (std::int64_t i = 0; i < n / 2; ++i) values[i] = op(values[2 * i], values[2 * i + 1]);
    if (n % 2 == 1) values[n / 2] = values[n - 1];
  }
  return values[0];
}

template <class T, class Op>
T reduce_block(const T* in, std::int64_t n, const Op& op) {
  if constexpr (vectorised<T>) {
    constexpr std::int64_t width = Batch<T>::size;
    if (n < 2 * width) {
      T result = n > 0 ? in[0] : Op::template neutral<T>();
      for (std::int64_t i = 1; i < n; ++i) result = op(result, in[i]);
      return result;
    }
    Batch<T> acc[4];
    for (auto& a : acc) a = Batch<T>(Op::template neutral<T>());
    std::int64_t i = 0;
    for (; i + 4 * width <= n; i += 4 * width) {
      for (std::int64_t k = 0; k < 4; ++k) acc[k] = op(acc[k], Batch<T>::load_unaligned(in + i + k * width));
    }
    for (; i + width <= n; i += width) acc[0] = op(acc[0], Batch<T>::load_unaligned(in + i));
    T lanes[2 * width];
    op(op(acc[0], acc[1]), op(acc[2], acc[3])).store_unaligned(lanes);
    std::int64_t used = width;
    for (; i < n; ++i) lanes[used++] = in[i];
    return combine_pairwise(lanes, used, op);
  } else {
    T result = Op::template neutral<T>();
    for (std::int64_t i = 0; i < n; ++i) result = op(result, in[i]);
    return result;
  }
}

template <class T, class Op>
T reduce_row(const T* in, std::int64_t n, const Op& op) {
  if (n <= block_elements<T>) return reduce_block(in, n, op);
  const std::int64_t blocks = (n + block_elements<T> - 1) / block_elements<T>;
  detail::PoolVector<T> partial(static_cast<std::size_t>(blocks));
  T* partials = partial.data();
  parallel_rows(blocks, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      const std::int64_t first = b * block_elements<T>;
      partials[b] = reduce_block(in + first, std::min(block_elements<T>, n - first), op);
    }
  });
  return combine_pairwise(partials, blocks, op);
}

/// The reductions of up to n columns at once, row by row, so that memory is read in order: columns of vectors or of
/// numbers (V). load(i, k) is the value in row i of column k.
template <class V, int n, class Op, class Load>
std::array<V, n> reduce_tile(std::int64_t count, int columns, V neutral, const Op& op, const Load& load) {
  std::array<V, n> total;
  const auto add_rows = [&](std::int64_t begin, std::int64_t end, std::array<V, n>& sum) {
    for (std::int64_t i = begin; i < end; ++i) {
      for (int k = 0; k < columns; ++k) sum[k] = op(sum[k], load(i, k));
    }
  };
  total.fill(neutral);
  if (count <= block_rows) {
    add_rows(0, count, total);
    return total;
  }
  const auto join = [&](std::array<V, n>& to, const std::array<V, n>& from) {
    for (int k = 0; k < columns; ++k) to[k] = op(to[k], from[k]);
  };
  for (std::int64_t outer = 0; outer < count; outer += outer_block_rows) {
    const std::int64_t end = std::min(count, outer + outer_block_rows);
    std::array<V, n> block, sum;
    block.fill(neutral);
    for (std::int64_t r = outer; r < end; r += block_rows) {
      sum.fill(neutral);
      add_rows(r, std::min(end, r + block_rows), sum);
      join(block, sum);
    }
    join(total, block);
  }
  return total;
}

// Columns [begin, end) of rows of `inner` elements.
template <class T, class Op>
void reduce_columns(const T* in, T* out, std::int64_t count, std::int64_t inner, std::int64_t begin, std::int64_t end,
                    const Op& op) {
  const T neutral = Op::template neutral<T>();
  std::int64_t c = begin;
  if constexpr (vectorised<T>) {
    constexpr std::int64_t width = Batch<T>::size;
    const auto vectors = [&]<int n>(std::integral_constant<int, n>) {
      for (; c + n * width <= end; c += n * width) {
        const auto total = reduce_tile<Batch<T>, n>(count, n, Batch<T>(neutral), op, [&](std::int64_t i, int k) {
          return Batch<T>::load_unaligned(in + i * inner + c + k * width);
        });
        for (int k = 0; k < n; ++k) total[k].store_unaligned(out + c + k * width);
      }
    };
    vectors(std::integral_constant<int, 4>{});
    vectors(std::integral_constant<int, 1>{});
    // What is left is narrower than a vector. All rows but the last ones can be read as one that reaches into the next
    // row; its surplus lanes are dropped.
    const std::int64_t room = count * inner - c - width, whole = room < 0 ? 0 : room / inner + 1;
    if (c < end && whole > count / 2) {
      const auto load = [&](std::int64_t i, int) {
        if (i < whole) return Batch<T>::load_unaligned(in + i * inner + c);
        T rest[width] = {};
        std::copy_n(in + i * inner + c, end - c, rest);
        return Batch<T>::load_unaligned(rest);
      };
      T lanes[width];
      reduce_tile<Batch<T>, 1>(count, 1, Batch<T>(neutral), op, load)[0].store_unaligned(lanes);
      std::copy_n(lanes, end - c, out + c);
      return;
    }
  }
  constexpr int tile = 16;
  for (; c < end; c += tile) {
    const auto columns = static_cast<int>(std::min<std::int64_t>(tile, end - c));
    const auto total =
        reduce_tile<T, tile>(count, columns, neutral, op, [&](std::int64_t i, int k) { return in[i * inner + c + k]; });
    std::copy_n(total.begin(), columns, out + c);
  }
}

template <class T, class Op>
void reduce(const T* in, T* out, std::int64_t outer, std::int64_t count, std::int64_t inner, const Op& op) {
  if (inner == 1) {
    if (outer == 1) {
      *out = reduce_row(in, count, op);
      return;
    }
    const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / std::max<std::int64_t>(1, count));
    parallel_rows(outer, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t o = begin; o < end; ++o) out[o] = reduce_row(in + o * count, count, op);
    });
    return;
  }
  // One outer slice is cut into columns for the threads, many are dealt out whole; either way the order of the
  // additions is the same.
  if (outer == 1) {
    const std::int64_t grain = std::max<std::int64_t>(64, elementwise_grain / std::max<std::int64_t>(1, count));
    parallel_for(inner, grain,
                 [&](std::int64_t begin, std::int64_t end) { reduce_columns(in, out, count, inner, begin, end, op); });
    return;
  }
  const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / std::max<std::int64_t>(1, count * inner));
  parallel_rows(outer, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o) {
      reduce_columns(in + o * count * inner, out + o * inner, count, inner, 0, inner, op);
    }
  });
}

template <class Op>
void reduce_any(DType dtype, const void* in, void* out, std::int64_t outer, std::int64_t count, std::int64_t inner,
                const Op& op) {
  visit(dtype, [&]<class T>(Type<T>) {
    if constexpr (std::is_same_v<T, BFloat16>) {
      const auto* from = static_cast<const BFloat16*>(in);
      detail::PoolVector<float> wide(static_cast<std::size_t>(outer * count * inner));
      detail::PoolVector<float> result(static_cast<std::size_t>(outer * inner));
      for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = static_cast<float>(from[i]);
      reduce(wide.data(), result.data(), outer, count, inner, op);
      for (std::size_t i = 0; i < result.size(); ++i) static_cast<BFloat16*>(out)[i] = BFloat16(result[i]);
    } else if constexpr (std::is_same_v<T, bool>) {
      // Bools are reduced as integers by the ops; max and min of the bytes are any and all.
      reduce(static_cast<const std::uint8_t*>(in), static_cast<std::uint8_t*>(out), outer, count, inner, op);
    } else if constexpr (std::is_integral_v<T> && (std::is_same_v<Op, Sum> || std::is_same_v<Op, Prod>)) {
      using Unsigned = std::make_unsigned_t<T>;  // wraps around, where a signed overflow is undefined
      reduce(static_cast<const Unsigned*>(in), static_cast<Unsigned*>(out), outer, count, inner, op);
    } else {
      reduce(static_cast<const T*>(in), static_cast<T*>(out), outer, count, inner, op);
    }
  });
}

template <class Better>
void reduce_index(DType dtype, const void* in_, std::int64_t* out, std::int64_t outer, std::int64_t count,
                  std::int64_t inner, const Better& better) {
  visit(dtype, [&]<class T>(Type<T>) {
    const auto* in = static_cast<const T*>(in_);
    const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / std::max<std::int64_t>(1, count * inner));
    parallel_rows(outer, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t o = begin; o < end; ++o) {
        for (std::int64_t i = 0; i < inner; ++i) {
          const T* column = in + o * count * inner + i;
          std::int64_t best = 0;
          for (std::int64_t c = 1; c < count; ++c) {
            if (better(column[c * inner], column[best * inner])) best = c;
          }
          out[o * inner + i] = best;
        }
      }
    });
  });
}

struct Larger {
  template <class T>
  bool operator()(T a, T b) const {
    return a > b || (a != a && b == b);
  }
  bool operator()(BFloat16 a, BFloat16 b) const { return (*this)(static_cast<float>(a), static_cast<float>(b)); }
};

struct Smaller {
  template <class T>
  bool operator()(T a, T b) const {
    return a < b || (a != a && b == b);
  }
  bool operator()(BFloat16 a, BFloat16 b) const { return (*this)(static_cast<float>(a), static_cast<float>(b)); }
};

}  // namespace

void reduce_sum(DType dtype, const void* in, void* out, std::int64_t outer, std::int64_t count, std::int64_t inner) {
  reduce_any(dtype, in, out, outer, count, inner, Sum{});
}
void reduce_prod(DType dtype, const void* in, void* out, std::int64_t outer, std::int64_t count, std::int64_t inner) {
  reduce_any(dtype, in, out, outer, count, inner, Prod{});
}
void reduce_max(DType dtype, const void* in, void* out, std::int64_t outer, std::int64_t count, std::int64_t inner) {
  reduce_any(dtype, in, out, outer, count, inner, Max{});
}
void reduce_min(DType dtype, const void* in, void* out, std::int64_t outer, std::int64_t count, std::int64_t inner) {
  reduce_any(dtype, in, out, outer, count, inner, Min{});
}
void reduce_argmax(DType dtype, const void* in, std::int64_t* out, std::int64_t outer, std::int64_t count,
                   std::int64_t inner) {
  reduce_index(dtype, in, out, outer, count, inner, Larger{});
}
void reduce_argmin(DType dtype, const void* in, std::int64_t* out, std::int64_t outer, std::int64_t count,
                   std::int64_t inner) {
  reduce_index(dtype, in, out, outer, count, inner, Smaller{});
}

}  // namespace xtape::kernels
