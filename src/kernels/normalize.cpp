#include "kernels/normalize.hpp"

#include <array>
#include <cmath>

#include "kernels/few.hpp"
#include "kernels/parallel.hpp"
#include "kernels/reduce.hpp"
#include "kernels/simd.hpp"
#include "xtape/base/memory.hpp"

// Layer and batch normalisation. Variances are means of squared differences from the mean, in a second pass: the
// difference of the means of x^2 and of x squared would cancel. Layer normalisation works row by row, while the row is
// in the nearest cache; batch normalisation sums columns in the order of memory, blocks of rows at a time.
//
// With h = (x - mean) scale and g = dy gamma, both gradients are dx = scale (g - mean(g) - h mean(g h)).
namespace xtape::kernels {
namespace {

/// Rows of a block, whose column sums are made one after another; the sums of blocks are then added by reduce_sum.
constexpr std::int64_t block_rows = 64;

/// The sums over [0, n) of the vectors that value(i, count) gives, in T within 64 vectors and in double over these
/// blocks. Two sums in turn, so that an addition need not wait for the one before.
template <class T, std::size_t results, class F>
std::array<double, results> sum_row(std::int64_t n, const F& value) {
  constexpr std::int64_t width = Batch<T>::size, block = 64 * width;
  std::array<double, results> total{};
  for (std::int64_t begin = 0; begin < n; begin += block) {
    std::array<Batch<T>, results> even, odd;
    even.fill(Batch<T>(T(0)));
    odd.fill(Batch<T>(T(0)));
    const std::int64_t end = std::min(n, begin + block);
    std::int64_t i = begin;
    for (; i + 2 * width <= end; i += 2 * width) {
      const auto first = value(i, width), second = value(i + width, width);
      for (std::size_t k = 0; k < results; ++k) even[k] += first[k], odd[k] += second[k];
    }
    for (; i < end; i += width) {
      const std::int64_t count = std::min(end - i, width);
      const auto last = value(i, count);
      const auto inside = lane_numbers<T>() < Batch<T>(static_cast<T>(count));
      for (std::size_t k = 0; k < results; ++k) even[k] += select(inside, last[k], Batch<T>(T(0)));
    }
    for (std::size_t k = 0; k < results; ++k) total[k] += static_cast<double>(sum_of_lanes(even[k] + odd[k]));
  }
  return total;
}

template <class T>
void moments_of_row(const T* x, std::int64_t n, T& mean, T& variance) {
  const auto sum =
      sum_row<T, 1>(n, [x](std::int64_t i, std::int64_t count) { return std::array{load_up_to(x + i, count)}; });
  mean = static_cast<T>(sum[0] / static_cast<double>(n));
  const auto squares = sum_row<T, 1>(n, [x, m = Batch<T>(mean)](std::int64_t i, std::int64_t count) {
    const Batch<T> d = load_up_to(x + i, count) - m;
    return std::array{d * d};
  });
  variance = static_cast<T>(squares[0] / static_cast<double>(n));
}

/// Calls f(row), on several threads where there is work for them.
template <class F>
void for_rows(std::int64_t rows, std::int64_t n, const F& f) {
  const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / 2 / std::max<std::int64_t>(1, n));
  parallel_rows(rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) f(r);
  });
}

/// The sums over rows [begin, end) of the `vectors` vectors from column i on; the last has `count` elements.
template <class T, std::size_t results, int vectors, class F>
void sum_block(std::int64_t begin, std::int64_t end, std::int64_t i, std::int64_t count,
               const std::array<T*, results>& out, const F& value) {
  constexpr std::int64_t width = Batch<T>::size;
  std::array<Batch<T>, results> sum[vectors];
  for (auto& s : sum) s.fill(Batch<T>(T(0)));
  for (std::int64_t r = begin; r < end; ++r) {
    for (int j = 0; j < vectors; ++j) {
      const auto v = value(r, i + j * width, j + 1 < vectors ? width : count);
      for (std::size_t k = 0; k < results; ++k) sum[j][k] += v[k];
    }
  }
  for (int j = 0; j < vectors; ++j) {
    for (std::size_t k = 0; k < results; ++k)
      store_up_to(sum[j][k], out[k] + i + j * width, j + 1 < vectors ? width : count);
  }
}

/// out[k] = the sums of its `blocks` rows of n.
template <class T, std::size_t results>
void sum_partial(const T* sums, std::int64_t blocks, std::int64_t n, const std::array<T*, results>& out) {
  for (std::size_t k = 0; k < results; ++k) {
    reduce_sum(dtype_of<T>, sums + static_cast<std::int64_t>(k) * blocks * n, out[k], 1, blocks, n);
  }
}

/// Calls f(block, begin, end) for blocks of rows of n elements, on several threads.
template <class F>
void for_blocks(std::int64_t rows, std::int64_t n, const F& f) {
  const std::int64_t grain =
      std::max<std::int64_t>(1, elementwise_grain / 2 / std::max<std::int64_t>(1, block_rows * n));
  parallel_rows((rows + block_rows - 1) / block_rows, grain, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) f(b, b * block_rows, std::min(rows, (b + 1) * block_rows));
  });
}

/// The sums over the rows of what value(row, column, count) gives, into out[k][column]. Four vectors of a row at a
/// time: with one, each load would be of another line of memory.
template <class T, std::size_t results, class F>
void sum_columns(std::int64_t rows, std::int64_t n, const std::array<T*, results>& out, const F& value) {
  constexpr std::int64_t width = Batch<T>::size, wide = 4 * width;
  const std::int64_t blocks = (rows + block_rows - 1) / block_rows;
  detail::PoolVector<T> partial(static_cast<std::size_t>(static_cast<std::int64_t>(results) * blocks * n));
  T* const sums = partial.data();
  for_blocks(rows, n, [&](std::int64_t b, std::int64_t begin, std::int64_t end) {
    std::array<T*, results> to;
    for (std::size_t k = 0; k < results; ++k) to[k] = sums + (static_cast<std::int64_t>(k) * blocks + b) * n;
    std::int64_t i = 0;
    for (; i + wide <= n; i += wide) sum_block<T, results, 4>(begin, end, i, width, to, value);
    for (; i < n; i += width) sum_block<T, results, 1>(begin, end, i, std::min(width, n - i), to, value);
  });
  sum_partial<T, results>(sums, blocks, n, out);
}

}  // namespace

template <class T>
void row_moments(const T* x, T* mean, T* variance, std::int64_t rows, std::int64_t n) {
  for_rows(rows, n, [&](std::int64_t r) { moments_of_row(x + r * n, n, mean[r], variance[r]); });
}

template <class T>
void column_moments(const T* x, T* mean, T* variance, std::int64_t rows, std::int64_t n) {
  const T count = static_cast<T>(rows);
  reduce_sum(dtype_of<T>, x, mean, 1, rows, n);
  for (std::int64_t i = 0; i < n; ++i) mean[i] /= count;
  sum_columns<T, 1>(rows, n, {variance}, [&](std::int64_t r, std::int64_t i, std::int64_t m) {
    const Batch<T> d = load_up_to(x + r * n + i, m) - load_up_to(mean + i, m);
    return std::array{d * d};
  });
  for (std::int64_t i = 0; i < n; ++i) variance[i] /= count;
}

template <class T>
void layer_norm(const T* x_, const T* gamma, const T* beta, T* y_, T* mean, T* scale, std::int64_t rows, std::int64_t n,
                double epsilon) {
  for_rows(rows, n, [&](std::int64_t r) {
    const T* x = x_ + r * n;
    T* y = y_ + r * n;
    T variance;
    moments_of_row(x, n, mean[r], variance);
    scale[r] = T(1) / std::sqrt(variance + static_cast<T>(epsilon));
    const Batch<T> m(mean[r]), s(scale[r]);
    for_vectors<T>(n, [&](std::int64_t i, std::int64_t count) {
      Batch<T> v = (load_up_to(x + i, count) - m) * s;
      if (gamma != nullptr) v *= load_up_to(gamma + i, count);
      if (beta != nullptr) v += load_up_to(beta + i, count);
      store_up_to(v, y + i, count);
    });
  });
}

// The sums of gamma's and beta's gradients are over rows, so they are added block by block; a row is read once for them
// and for dx.
template <class T>
void layer_norm_grad(const T* dy_, const T* x_, const T* gamma, const T* mean, const T* scale, T* dx_, T* dgamma,
                     T* dbeta, std::int64_t rows, std::int64_t n) {
  const bool parameters = dgamma != nullptr;
  const std::int64_t blocks = (rows + block_rows - 1) / block_rows;
  detail::PoolVector<T> partial(parameters ? static_cast<std::size_t>(2 * blocks * n) : 0);
  for_blocks(rows, n, [&](std::int64_t b, std::int64_t begin, std::int64_t end) {
    T* const to_gamma = parameters ? partial.data() + b * n : nullptr;
    T* const to_beta = parameters ? partial.data() + (blocks + b) * n : nullptr;
    for (std::int64_t r = begin; r < end; ++r) {
      const T *x = x_ + r * n, *dy = dy_ + r * n;
      const Batch<T> m(mean[r]), s(scale[r]);
      const auto g_and_h = [&](std::int64_t i, std::int64_t count) {
        Batch<T> g = load_up_to(dy + i, count);
        if (gamma != nullptr) g *= load_up_to(gamma + i, count);
        return std::array{g, (load_up_to(x + i, count) - m) * s};
      };
      if (dx_ != nullptr) {
        T* dx = dx_ + r * n;
        const auto sums = sum_row<T, 2>(n, [&](std::int64_t i, std::int64_t count) {
          const auto [g, h] = g_and_h(i, count);
          return std::array{g, g * h};
        });
        const Batch<T> mean_g(static_cast<T>(sums[0] / static_cast<double>(n)));
        const Batch<T> mean_gh(static_cast<T>(sums[1] / static_cast<double>(n)));
        for_vectors<T>(n, [&](std::int64_t i, std::int64_t count) {
          const auto [g, h] = g_and_h(i, count);
          store_up_to(s * (g - mean_g - h * mean_gh), dx + i, count);
        });
      }
      if (!parameters) continue;
      for_vectors<T>(n, [&](std::int64_t i, std::int64_t count) {
        const Batch<T> d = load_up_to(dy + i, count);
        store_up_to(load_up_to(to_gamma + i, count) + d * ((load_up_to(x + i, count) - m) * s), to_gamma + i, count);
        store_up_to(load_up_to(to_beta + i, count) + d, to_beta + i, count);
      });
    }
  });
  if (parameters) sum_partial<T, 2>(partial.data(), blocks, n, {dgamma, dbeta});
}

template <class T>
void normalize_columns(const T* x, const T* mean, const T* factor, const T* beta, T* y, std::int64_t rows,
                       std::int64_t n) {
  for_rows(rows, n, [&](std::int64_t r) {
    for_vectors<T>(n, [&](std::int64_t i, std::int64_t count) {
      Batch<T> v = (load_up_to(x + r * n + i, count) - load_up_to(mean + i, count)) * load_up_to(factor + i, count);
      if (beta != nullptr) v += load_up_to(beta + i, count);
      store_up_to(v, y + r * n + i, count);
    });
  });
}

// The means over a column are dbeta / rows and dgamma / rows, so two passes are needed: the sums, then dx from them.
template <class T>
void batch_norm_grad(const T* dy, const T* x, const T* gamma, const T* mean, const T* scale, T* dx, T* dgamma, T* dbeta,
                     std::int64_t rows, std::int64_t n) {
  const auto centered = [&](std::int64_t r, std::int64_t i, std::int64_t count) {
    return (load_up_to(x + r * n + i, count) - load_up_to(mean + i, count)) * load_up_to(scale + i, count);
  };
  sum_columns<T, 2>(rows, n, {dgamma, dbeta}, [&](std::int64_t r, std::int64_t i, std::int64_t count) {
    const Batch<T> g = load_up_to(dy + r * n + i, count);
    return std::array{g * centered(r, i, count), g};
  });
  const Batch<T> share(T(1) / static_cast<T>(rows));
  for_rows(rows, n, [&](std::int64_t r) {
    for_vectors<T>(n, [&](std::int64_t i, std::int64_t count) {
      Batch<T> factor = load_up_to(scale + i, count);
      if (gamma != nullptr) factor *= load_up_to(gamma + i, count);
      const Batch<T> inner = load_up_to(dbeta + i, count) + centered(r, i, count) * load_up_to(dgamma + i, count);
      store_up_to(factor * (load_up_to(dy + r * n + i, count) - share * inner), dx + r * n + i, count);
    });
  });
}

#define XTAPE_NORMALIZE(T)                                                                                  \
  template void row_moments(const T*, T*, T*, std::int64_t, std::int64_t);                                  \
  template void column_moments(const T*, T*, T*, std::int64_t, std::int64_t);                               \
  template void layer_norm(const T*, const T*, const T*, T*, T*, T*, std::int64_t, std::int64_t, double);   \
  template void layer_norm_grad(const T*, const T*, const T*, const T*, const T*, T*, T*, T*, std::int64_t, \
                                std::int64_t);                                                              \
  template void normalize_columns(const T*, const T*, const T*, const T*, T*, std::int64_t, std::int64_t);  \
  template void batch_norm_grad(const T*, const T*, const T*, const T*, const T*, T*, T*, T*, std::int64_t, \
                                std::int64_t);
XTAPE_NORMALIZE(float)
XTAPE_NORMALIZE(double)
#undef XTAPE_NORMALIZE

}  // namespace xtape::kernels
