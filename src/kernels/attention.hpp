#pragma once

#include <cstdint>

// Attention (Vaswani et al., 2017): softmax(scale q k^T) v for each of `batch` x `heads` products. Each head's rows are
// read and written where they are, with strides, so nothing is transposed. Threads take whole products; sums do not
// depend on the number of threads. T is float or double.
namespace xtape::kernels {

/// Distances, in elements, from one batch, head and row to the next.
struct HeadRows {
  std::int64_t batch, head, row;
};

/// A mask [..., queries, keys] that may be broadcast: `at` has the place of the first element for each product, `row`
/// is the distance of its rows, 0 where all queries share one row.
template <class E>
struct AttentionMask {
  const E* data = nullptr;
  const std::int64_t* at = nullptr;
  std::int64_t row = 0;
};

template <class T>
struct Attention {
  std::int64_t batch, heads, queries, keys, size, value_size;
  T scale;
  bool causal;                       ///< query i attends to keys 0 to i
  HeadRows q, k, v, y;               ///< of the operands, and of their gradients
  AttentionMask<bool> allowed = {};  ///< where false, a key has no weight; a query without keys gives zeros
  AttentionMask<T> bias = {};        ///< added to the scores
  const T* chances = nullptr;  ///< [batch, heads, queries, keys]: weights whose chance is below `rate` are dropped,
  T rate = 0;                  ///< the others divided by 1 - rate
};

/// Sets y. `weights` [batch, heads, queries, keys], unless null, gets the softmax, which attention_grad needs. With
/// `causal` the weights of later keys may be left unset.
template <class T>
void attention(const Attention<T>& a, const T* q, const T* k, const T* v, T* y, T* weights);
/// Sets the gradients of the operands, and of the scores [batch, heads, queries, keys] unless `dscores` is null. If
/// `weights` is null, they are computed once more.
template <class T>
void attention_grad(const Attention<T>& a, const T* q, const T* k, const T* v, const T* weights, const T* dy, T* dq,
                    T* dk, T* dv, T* dscores);

}  // namespace xtape::kernels
