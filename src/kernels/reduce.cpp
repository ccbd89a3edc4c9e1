#include "kernels/reduce.hpp"

#include "kernels/dispatch.hpp"
#include "kernels/reduce_columns.hpp"

// Reductions of [outer, count, inner] over `count`. inner = 1: rows, each reduced to a vector and then to a number;
// otherwise columns, see reduce_columns.hpp. The order of the additions depends on the shape alone: blocks, then pairs
// of blocks, whose rounding error grows with log n.
namespace xtape::kernels {
namespace {

/// One long row, its blocks on several threads.
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

/// Rows of `count` numbers each, few enough to be unrolled: the compiler makes vectors of neighbouring rows.
template <std::int64_t count, class T, class Op>
void reduce_short_rows(const T* __restrict in, T* __restrict out, std::int64_t rows, const Op& op) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* row = in + r * count;
    T result = row[0];
    if constexpr (count == 4) {
      result = op(op(row[0], row[1]), op(row[2], row[3]));
    } else {
      for (std::int64_t k = 1; k < count; ++k) result = op(result, row[k]);
    }
    out[r] = result;
  }
}

template <class T, class Op>
void reduce_rows(const T* in, T* out, std::int64_t rows, std::int64_t count, const Op& op) {
  // Not for the largest of floats, where the compiler makes a branch of what to do with NaN.
  constexpr bool sums = std::is_same_v<Op, Sum> || std::is_same_v<Op, Prod>;
  if constexpr (sizeof(T) == 1 || (vectorised<T> && sums)) {
    if (count == 2) return reduce_short_rows<2>(in, out, rows, op);
    if (count == 3) return reduce_short_rows<3>(in, out, rows, op);
    if (count == 4) return reduce_short_rows<4>(in, out, rows, op);
  }
  if (count <= block_elements<T>) return reduce_blocks(in, rows, count, out, op);
  for (std::int64_t r = 0; r < rows; ++r) out[r] = reduce_row(in + r * count, count, op);
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
      reduce_rows(in + begin * count, out + begin, end - begin, count, op);
    });
    return;
  }
  if (count == 0 || inner == 0) {
    std::fill_n(out, outer * inner, Op::template neutral<T>());
    return;
  }
  if (outer == 1) {
    reduce_one_slice(in, count, inner, out, op);
    return;
  }
  const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / (count * inner));
  parallel_rows(outer, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o) reduce_slice(in + o * count * inner, count, inner, out + o * inner, op);
  });
}

/// bfloat16 is reduced as float32 and rounded once.
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

}  // namespace xtape::kernels
