#include "kernels/dispatch.hpp"
#include "kernels/reduce.hpp"
#include "kernels/reduce_columns.hpp"

// argmax and argmin. Of a row: the best value, as in reduce.cpp, then the first place where it stands; two passes, of
// which the second ends early, are faster than one that carries an index along. Of columns: a row of best values and
// one of their places, which each row of the array is compared with.
namespace xtape::kernels {
namespace {

/// Whether a is a better choice than b, which comes before it.
template <class Op, class T>
bool better(T a, T b) {
  const bool more = std::is_same_v<Op, Max> ? a > b : a < b;
  if constexpr (std::is_floating_point_v<T>) return more | ((a != a) & (b == b));  // no branches: see Max
  return more;
}

/// The place of the first element that is `value`, which is among them; of NaN that of the first NaN.
template <class T>
std::int64_t find(const T* in, std::int64_t n, T value) {
  const bool nan = is_nan(value);
  std::int64_t i = 0;
#ifdef __AVX512F__
  if constexpr (std::is_same_v<T, float>) {
    const __m512 wanted = _mm512_set1_ps(value);
    for (; i < n; i += 16) {
      const auto inside = static_cast<__mmask16>(n - i >= 16 ? 0xffff : (1 << (n - i)) - 1);
      const __m512 here = _mm512_maskz_loadu_ps(inside, in + i);
      const auto found = nan ? _mm512_mask_cmp_ps_mask(inside, here, here, _CMP_UNORD_Q)
                             : _mm512_mask_cmp_ps_mask(inside, here, wanted, _CMP_EQ_OQ);
      if (found != 0) return i + __builtin_ctz(found);
    }
    return 0;
  }
#endif
  constexpr std::int64_t chunk = 32;
  for (; !nan && i + chunk <= n; i += chunk) {
    int found = 0;
    for (std::int64_t k = 0; k < chunk; ++k) found |= in[i + k] == value ? 1 : 0;
    if (found != 0) break;
  }
  while (i + 1 < n && !(nan ? is_nan(in[i]) : in[i] == value)) ++i;
  return i;
}

/// The best value of each block, then the first best block, then the place in it.
template <class Op, class T>
std::int64_t index_of_row(const T* in, std::int64_t n, bool threads) {
  constexpr std::int64_t block = block_elements<T>;
  if (n <= block) return find(in, n, reduce_block(in, n, Op{}));
  const std::int64_t blocks = (n + block - 1) / block;
  detail::PoolVector<T> partial(static_cast<std::size_t>(blocks));
  T* const partials = partial.data();
  parallel_rows(blocks, threads ? 16 : blocks, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      partials[b] = reduce_block(in + b * block, std::min(block, n - b * block), Op{});
    }
  });
  std::int64_t best = 0;
  for (std::int64_t b = 1; b < blocks; ++b) {
    if (better<Op>(partials[b], partials[best])) best = b;
  }
  return best * block + find(in + best * block, std::min(block, n - best * block), partials[best]);
}

constexpr std::int64_t columns = 1024;  ///< of a panel, whose best values and rows stay in the first cache

/// A whole number as wide as T, so that a vector of one goes with a vector of the other.
template <class T>
using IndexOf = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;

/// For each of n columns the first best row of a panel, and its value. Less than 2^31 rows.
template <class Op, class T>
void index_of_columns(const T* __restrict in, std::int64_t rows, std::int64_t stride, T* __restrict best,
                      IndexOf<T>* __restrict index, std::int64_t n) {
  std::copy_n(in, n, best);
  std::fill_n(index, n, IndexOf<T>(0));
  for (std::int64_t r = 1; r < rows; ++r) {
    const T* __restrict row = in + r * stride;
    const auto here = static_cast<IndexOf<T>>(r);
    std::int64_t j = 0;
#ifdef __AVX512F__
    if constexpr (std::is_same_v<T, float>) {
      const __m512i rs = _mm512_set1_epi32(here);
      for (; j + 16 <= n; j += 16) {
        const __m512 value = _mm512_loadu_ps(row + j), before = _mm512_loadu_ps(best + j);
        // Taken is what is better than, or unordered with, the best so far, unless that is NaN itself.
        constexpr int unlike = std::is_same_v<Op, Max> ? _CMP_NGE_UQ : _CMP_NLE_UQ;
        const auto more = _mm512_cmp_ps_mask(before, value, unlike);
        const auto take = static_cast<__mmask16>(more & _mm512_cmp_ps_mask(before, before, _CMP_ORD_Q));
        _mm512_mask_storeu_ps(best + j, take, value);
        _mm512_mask_storeu_epi32(index + j, take, rs);
      }
    }
#endif
    for (; j < n; ++j) {
      const T value = row[j], before = best[j];
      const bool take = better<Op>(value, before);
      best[j] = take ? value : before;
      index[j] = take ? here : index[j];
    }
  }
}

/// As index_of_columns, for any number of contiguous rows, and of wide rows only the columns [begin, end). More rows
/// than a 32-bit index counts are taken in parts.
template <class Op, class T>
void index_of_slice(const T* in, std::int64_t rows, std::int64_t n, std::int64_t* out, std::int64_t begin,
                    std::int64_t end) {
  constexpr std::int64_t max_rows = std::int64_t{1} << 30;
  T best[columns], total[columns];
  IndexOf<T> index[columns];
  // Short rows several at a time: row r of column c is then row r / together of column (r % together) n + c.
  const std::int64_t together = rows_in_one(rows, n), wide = together * n, whole = rows / together;
  if (together > 1) end = wide;
  for (std::int64_t c = begin; c < end; c += columns) {
    const std::int64_t count = std::min(columns, end - c);
    for (std::int64_t r = 0; r < whole; r += max_rows) {
      index_of_columns<Op>(in + r * wide + c, std::min(max_rows, whole - r), wide, best, index, count);
      if (together == 1 && whole <= max_rows) {
        std::copy_n(index, count, out + c);
        continue;
      }
      for (std::int64_t j = 0; j < count; ++j) {
        const std::int64_t row = (r + index[j]) * together + (c + j) / n, column = (c + j) % n;
        // Of equals the earlier row; a short row's columns come here several times.
        const bool first = r == 0 && c + j < n;
        if (first || better<Op>(best[j], total[column % columns]) ||
            (!better<Op>(total[column % columns], best[j]) && row < out[column])) {
          total[column % columns] = best[j];
          out[column] = row;
        }
      }
    }
  }
  for (std::int64_t r = whole * together; r < rows; ++r) {
    for (std::int64_t j = 0; j < n; ++j) {
      if (better<Op>(in[r * n + j], total[j])) {
        total[j] = in[r * n + j];
        out[j] = r;
      }
    }
  }
}

template <class Op, class T>
void index_of(const T* in, std::int64_t* out, std::int64_t outer, std::int64_t count, std::int64_t inner) {
  const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / std::max<std::int64_t>(1, count * inner));
  if (outer == 1 && inner == 1) {
    *out = index_of_row<Op>(in, count, true);
    return;
  }
  if (outer == 1 && inner >= 2 * columns) {
    parallel_rows((inner + columns - 1) / columns, std::max<std::int64_t>(1, elementwise_grain / (count * columns)),
                  [&](std::int64_t begin, std::int64_t end) {
                    index_of_slice<Op>(in, count, inner, out, begin * columns, std::min(inner, end * columns));
                  });
    return;
  }
  parallel_rows(outer, grain, [&](std::int64_t begin, std::int64_t end) {
    if (inner > 1) {
      for (std::int64_t o = begin; o < end; ++o) {
        index_of_slice<Op>(in + o * count * inner, count, inner, out + o * inner, 0, inner);
      }
    } else if (count > block_elements<T>) {
      for (std::int64_t o = begin; o < end; ++o) out[o] = index_of_row<Op>(in + o * count, count, false);
    } else {
      constexpr std::int64_t max_rows_at_once = 64;
      T best[max_rows_at_once];
      for (std::int64_t first = begin; first < end; first += max_rows_at_once) {
        const std::int64_t rows = std::min(max_rows_at_once, end - first);
        reduce_blocks(in + first * count, rows, count, best, Op{});
        for (std::int64_t r = 0; r < rows; ++r) out[first + r] = find(in + (first + r) * count, count, best[r]);
      }
    }
  });
}

template <class Op>
void reduce_index(DType dtype, const void* in, std::int64_t* out, std::int64_t outer, std::int64_t count,
                  std::int64_t inner) {
  if (outer * count * inner == 0) return;
  visit(dtype, [&]<class T>(Type<T>) {
    if constexpr (std::is_same_v<T, BFloat16>) {
      detail::PoolVector<float> wide(static_cast<std::size_t>(outer * count * inner));
      for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = static_cast<float>(static_cast<const BFloat16*>(in)[i]);
      index_of<Op>(wide.data(), out, outer, count, inner);
    } else if constexpr (std::is_same_v<T, bool>) {
      index_of<Op>(static_cast<const std::uint8_t*>(in), out, outer, count, inner);
    } else {
      index_of<Op>(static_cast<const T*>(in), out, outer, count, inner);
    }
  });
}

}  // namespace

void reduce_argmax(DType dtype, const void* in, std::int64_t* out, std::int64_t outer, std::int64_t count,
                   std::int64_t inner) {
  reduce_index<Max>(dtype, in, out, outer, count, inner);
}
void reduce_argmin(DType dtype, const void* in, std::int64_t* out, std::int64_t outer, std::int64_t count,
                   std::int64_t inner) {
  reduce_index<Min>(dtype, in, out, outer, count, inner);
}

}  // namespace xtape::kernels
