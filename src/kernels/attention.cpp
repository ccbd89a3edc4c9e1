#include "kernels/attention.hpp"

#include <algorithm>

#include "kernels/gemm.hpp"
#include "kernels/parallel.hpp"
#include "kernels/scratch.hpp"
#include "kernels/softmax_row.hpp"

// Attention by blocks of queries: the scores of a block are one product, softmax and dropout work on its rows while
// they are in the cache, and a second product gives the results. With `w` the weights and d the gradient for the
// scores,
//
//     w = softmax(scale q k^T + bias)      y = drop(w) v
//     dv = drop(w)^T dy      d = w (dw - sum(dw w)), dw = drop(dy v^T)      dq = scale d k      dk = scale d^T q
namespace xtape::kernels {
namespace {

/// The rows of head h of example b, of operands or gradients.
template <class P>
P* at(P* data, const HeadRows& rows, std::int64_t b, std::int64_t h) {
  return data + b * rows.batch + h * rows.head;
}

/// Queries whose scores are computed together: all of a short sequence, of a long one as many as have 65536 scores, 256
/// KB of float32, but at least 64, below which the products are slow.
std::int64_t queries_together(std::int64_t queries, std::int64_t keys) {
  constexpr std::int64_t scores = 65536;
  return std::min(queries, std::max<std::int64_t>(64, scores / std::max<std::int64_t>(1, keys)));
}

/// Some queries of one product: rows [first, first + rows), which attend to the keys [0, keys).
template <class T>
struct Block {
  const Attention<T>& a;
  std::int64_t item, first, rows, keys;

  Block(const Attention<T>& attention, std::int64_t product, std::int64_t from, std::int64_t together)
      : a(attention), item(product), first(from), rows(std::min(together, a.queries - from)) {
    keys = a.causal ? std::min(a.keys, first + rows) : a.keys;
  }

  /// How many keys query first + i attends to: with `causal` none after itself.
  std::int64_t keys_of(std::int64_t i) const { return a.causal ? std::min(keys, first + i + 1) : keys; }

  /// The weights from the scores of row i.
  void weigh(std::int64_t i, T* row) const {
    const std::int64_t n = keys_of(i);
    bool any = n > 0;
    if (a.bias.data != nullptr) {
      const T* const bias = a.bias.data + a.bias.at[item] + (first + i) * a.bias.row;
      for (std::int64_t j = 0; j < n; ++j) row[j] += bias[j];
    }
    if (a.allowed.data != nullptr) {
      const bool* const allowed = a.allowed.data + a.allowed.at[item] + (first + i) * a.allowed.row;
      int count = 0;
      for (std::int64_t j = 0; j < n; ++j) {
        row[j] = allowed[j] ? row[j] : -std::numeric_limits<T>::infinity();
        count |= allowed[j] ? 1 : 0;
      }
      any = count != 0;
    }
    if (!any) {
      std::fill_n(row, keys, T(0));
      return;
    }
    T max;
    const T factor = T(1) / exponentials<T>({row, n}, row, max);
    for (std::int64_t j = 0; j < n; ++j) row[j] *= factor;
    std::fill(row + n, row + keys, T(0));
  }

  /// to = weights of all rows, whose distance is a.keys.
  void weights(const T* q, const T* k, T* to) const {
    gemm(false, true, rows, keys, a.size, a.scale, q + first * a.q.row, a.q.row, k, a.k.row, T(0), to, a.keys);
    for (std::int64_t i = 0; i < rows; ++i) weigh(i, to + i * a.keys);
  }

  /// to = 0 where a weight is dropped, otherwise from / (1 - rate). The same for weights and for their gradient.
  void drop(const T* from, T* to) const {
    const T* const chances = a.chances + (item * a.queries + first) * a.keys;
    const T factor = T(1) / (T(1) - a.rate), rate = a.rate;
    for (std::int64_t i = 0; i < rows; ++i) {
      const T *const chance = chances + i * a.keys, *const in = from + i * a.keys;
      T* const out = to + i * a.keys;
      for (std::int64_t j = 0; j < keys; ++j) out[j] = chance[j] < rate ? T(0) : in[j] * factor;
    }
  }

  /// d = w (d - sum(d w)) for all rows: turns the gradient for the weights into that for the scores.
  void softmax_grad(const T* weights, T* d) const {
    for (std::int64_t i = 0; i < rows; ++i) {
      T* const row = d + i * a.keys;
      softmax_grad_row<T>({weights + i * a.keys, keys}, {row, keys}, row);
    }
  }
};

/// Calls f(b, h, item) for each product. Where there are fewer of them than threads, the products are not shared out
/// but use the threads inside; otherwise each stays on one thread.
template <class T, class F>
void for_products(const Attention<T>& a, const F& f) {
  const std::int64_t count = a.batch * a.heads;
  const std::int64_t work = a.queries * a.keys * (a.size + a.value_size + 16);
  const std::int64_t grain = (1 << 18) / std::max<std::int64_t>(1, work) + 1;
  parallel_rows(count, count < num_threads() ? count : grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t item = begin; item < end; ++item) f(item / a.heads, item % a.heads, item);
  });
}

template <class T>
void clear_rows(T* rows, std::int64_t distance, std::int64_t begin, std::int64_t end, std::int64_t size) {
  for (std::int64_t i = begin; i < end; ++i) std::fill_n(rows + i * distance, size, T(0));
}

}  // namespace

template <class T>
void attention(const Attention<T>& a, const T* q_, const T* k_, const T* v_, T* y_, T* weights) {
  const std::int64_t together = queries_together(a.queries, a.keys), scores = together * a.keys;
  for_products(a, [&](std::int64_t b, std::int64_t h, std::int64_t item) {
    const T *const q = at(q_, a.q, b, h), *const k = at(k_, a.k, b, h), *const v = at(v_, a.v, b, h);
    T* const y = at(y_, a.y, b, h);
    const Scratch own(weights == nullptr ? static_cast<std::size_t>(scores) * sizeof(T) : 0);
    const Scratch kept(a.chances != nullptr ? static_cast<std::size_t>(scores) * sizeof(T) : 0);
    for (std::int64_t first = 0; first < a.queries; first += together) {
      const Block<T> block(a, item, first, together);
      T* w = weights == nullptr ? static_cast<T*>(own.data()) : weights + (item * a.queries + first) * a.keys;
      block.weights(q, k, w);
      if (a.chances != nullptr) {
        T* const dropped = static_cast<T*>(kept.data());
        block.drop(w, dropped);
        w = dropped;
      }
      gemm(false, false, block.rows, a.value_size, block.keys, T(1), w, a.keys, v, a.v.row, T(0), y + first * a.y.row,
           a.y.row);
    }
  });
}

template <class T>
void attention_grad(const Attention<T>& a, const T* q_, const T* k_, const T* v_, const T* weights, const T* dy_,
                    T* dq_, T* dk_, T* dv_, T* dscores) {
  const std::int64_t together = queries_together(a.queries, a.keys), scores = together * a.keys;
  for_products(a, [&](std::int64_t b, std::int64_t h, std::int64_t item) {
    const T *const q = at(q_, a.q, b, h), *const k = at(k_, a.k, b, h), *const v = at(v_, a.v, b, h);
    const T* const dy = at(dy_, a.y, b, h);
    T *const dq = at(dq_, a.q, b, h), *const dk = at(dk_, a.k, b, h), *const dv = at(dv_, a.v, b, h);
    const auto room = [&](bool needed) { return needed ? static_cast<std::size_t>(scores) * sizeof(T) : 0; };
    const Scratch again(room(weights == nullptr)), kept(room(a.chances != nullptr)), own(room(dscores == nullptr));
    // From the last queries on: with `causal` they attend to the most keys, so the first block sets the gradients of
    // all keys and the others add to them.
    std::int64_t first = a.queries == 0 ? -1 : (a.queries - 1) / together * together;
    const std::int64_t reached = first < 0 ? 0 : Block<T>(a, item, first, together).keys;
    clear_rows(dk, a.k.row, reached, a.keys, a.size);
    clear_rows(dv, a.v.row, reached, a.keys, a.value_size);
    for (T before = 0; first >= 0; first -= together, before = 1) {
      const Block<T> block(a, item, first, together);
      const std::int64_t rows = block.rows, keys = block.keys, place = (item * a.queries + first) * a.keys;
      if (weights == nullptr) block.weights(q, k, static_cast<T*>(again.data()));
      const T* const w = weights == nullptr ? static_cast<const T*>(again.data()) : weights + place;
      const T* used = w;
      if (a.chances != nullptr) {
        block.drop(w, static_cast<T*>(kept.data()));
        used = static_cast<const T*>(kept.data());
      }
      T* const d = dscores == nullptr ? static_cast<T*>(own.data()) : dscores + place;
      const T* const dy_rows = dy + first * a.y.row;
      gemm(true, false, keys, a.value_size, rows, T(1), used, a.keys, dy_rows, a.y.row, before, dv, a.v.row);
      gemm(false, true, rows, keys, a.value_size, T(1), dy_rows, a.y.row, v, a.v.row, T(0), d, a.keys);
      if (a.chances != nullptr) block.drop(d, d);
      block.softmax_grad(w, d);
      if (dscores != nullptr) clear_rows(d + keys, a.keys, 0, rows, a.keys - keys);
      gemm(false, false, rows, a.size, keys, a.scale, d, a.keys, k, a.k.row, T(0), dq + first * a.q.row, a.q.row);
      gemm(true, false, keys, a.size, rows, a.scale, d, a.keys, q + first * a.q.row, a.q.row, before, dk, a.k.row);
    }
  });
}

#define XTAPE_INSTANTIATE(T)                                                          \
  template void attention(const Attention<T>&, const T*, const T*, const T*, T*, T*); \
  template void attention_grad(const Attention<T>&, const T*, const T*, const T*, const T*, const T*, T*, T*, T*, T*);
XTAPE_INSTANTIATE(float)
XTAPE_INSTANTIATE(double)
#undef XTAPE_INSTANTIATE

}  // namespace xtape::kernels
