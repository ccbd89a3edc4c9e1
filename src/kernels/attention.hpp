#pragma once

#include <cstdint>

// Attention, softmax(scale q k^T) v for each of `batch` x `heads` products, the heads' rows where they lie: nothing is
// transposed. The products run side by side on the threads; sums do not depend on how many. T is float or double.
namespace xtape::kernels {

/// Distances in elements: from a batch, a head and a row to the next.
struct HeadRows {
  std::int64_t batch, head, row;
};

/// One of the masks [..., queries, keys]; `at` has the first element of each product's matrix, `row` is the distance of
/// its rows, 0 where they are one row.
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
  AttentionMask<bool> allowed = {};  ///< where it is false, a key has no weight; a query without keys gives zeros
  AttentionMask<T> bias = {};        ///< added to the scores
  const T* chances = nullptr;  ///< [batch, heads, queries, keys]: weights whose chance is below `rate` are dropped,
  T rate = 0;                  ///< the others divided by 1 - rate
};

/// Sets y. `weights` [batch, heads, queries, keys] gets the softmax, of which the gradient is made; null: nobody wants
/// it. With `causal` those of later keys may be left unset.
template <class T>
void attention(const Attention<T>& a, const T* q, const T* k, const T* v, T* y, T* weights);
/// Sets the gradients of the operands, and of the scores [batch, heads, queries, keys] unless that is null. Without the
/// weights of the forward pass they are computed once more.
template <class T>
void attention_grad(const Attention<T>& a, const T* q, const T* k, const T* v, const T* weights, const T* dy, T* dq,
                    T* dk, T* dv, T* dscores);

}  // namespace xtape::kernels
