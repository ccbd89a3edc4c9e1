#pragma once

#include <cstdint>

// Recurrent layers over whole sequences, arrays [batch, time, ...]. The batch is cut into pieces, which run in
// parallel; the cuts do not depend on the number of threads. T is float or double. The formulas are in recurrent.cpp.
namespace xtape::kernels {

struct Recurrence {
  std::int64_t batch, time, units;
  const bool* mask = nullptr;  ///< [batch, time] or null: steps where it is false leave the state as it is
};

/// The long short-term memory. `gates` [batch, time, 4 units] holds x kernel + bias and becomes the gates i, f, g, o;
/// `recurrent` is [units, 4 units], h0 and c0 are [batch, units]. Sets h and c [batch, time, units]:
/// c = f c' + i g, h = o tanh(c).
template <class T>
void lstm(const Recurrence& r, T* gates, const T* recurrent, const T* h0, const T* c0, T* h, T* c);
/// Its gradient: from dh [batch, time, units] (null: none) sets dz, the gradient for x kernel + bias. dh0 and dc0
/// [batch, units] hold the gradients of the last h and c, and become those of h0 and c0.
template <class T>
void lstm_grad(const Recurrence& r, const T* gates, const T* recurrent, const T* c0, const T* c, const T* dh, T* dz,
               T* dh0, T* dc0);

/// The gated recurrent unit, its reset gate after the product. `gates` [batch, time, 3 units] holds x kernel + bias and
/// becomes the gates z, r and the candidates; `recurrent` is [units, 3 units], its bias [3 units] or null. Sets h
/// and `candidate_sums` [batch, time, units], the candidates' part of h' recurrent + bias.
template <class T>
void gru(const Recurrence& r, T* gates, const T* recurrent, const T* recurrent_bias, const T* h0, T* h,
         T* candidate_sums);
/// Its gradient: sets dx, that of x kernel + bias, and dp, that of h' recurrent + bias, both [batch, time, 3 units].
/// dh0 as of lstm_grad.
template <class T>
void gru_grad(const Recurrence& r, const T* gates, const T* recurrent, const T* h0, const T* h, const T* candidate_sums,
              const T* dh, T* dx, T* dp, T* dh0);

}  // namespace xtape::kernels
