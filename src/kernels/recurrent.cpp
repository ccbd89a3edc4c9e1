#include "kernels/recurrent.hpp"

#include <algorithm>

#include "kernels/few.hpp"
#include "kernels/gemm.hpp"
#include "kernels/parallel.hpp"
#include "kernels/scratch.hpp"
#include "kernels/simd.hpp"

// LSTM (Hochreiter, Schmidhuber, 1997, with the forget gate of Gers et al., 2000) and GRU (Cho et al., 2014, the reset
// gate after the product, as cuDNN and Keras have it) over whole sequences. With x_i, x_f, ... the parts of x kernel +
// bias, p_i, p_f, ... those of h' recurrent (of the GRU with a bias of their own) and h', c' the states before:
//
//     LSTM: i, f, o = sigmoid(x_i + p_i, ...), g = tanh(x_g + p_g);  c = f c' + i g;  h = o tanh(c)
//     GRU:  z, r = sigmoid(x_z + p_z, ...), candidate = tanh(x_c + r p_c);  h = z h' + (1 - z) candidate
//
// A step is one product of the states of a piece of the batch, then one pass over its gates. The pieces' sequences do
// not meet, so each runs from first to last step on one thread: a library called once a step would start its threads
// each time. The gradients are these formulas differentiated, with sigmoid' = s (1 - s), tanh' = (1 - t) (1 + t).
namespace xtape::kernels {
namespace {

/// 1 / (1 + e^-x) from e^-|x|, which cannot overflow.
template <class V>
V sigmoid(const V& x) {
  const V e = xsimd::exp(-xsimd::abs(x));
  return xsimd::select(x < V(0), e, V(1)) / (V(1) + e);
}

template <class T>
void add(const T* from, std::int64_t n, T* to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];
}

/// Calls f(begin, end) for pieces of the batch on several threads. A piece has 16 sequences or more, a sixteenth of a
/// large batch: with fewer the products are slow. The cuts depend on the batch alone.
template <class F>
void for_pieces(const Recurrence& r, std::int64_t gates, const F& f) {
  const std::int64_t piece = std::max<std::int64_t>(16, (r.batch / 16 + 7) / 8 * 8);
  const std::int64_t work = piece * r.time * r.units * r.units * gates;
  const std::int64_t grain = (1 << 19) / std::max<std::int64_t>(1, work) + 1;
  parallel_rows((r.batch + piece - 1) / piece, grain, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t p = first; p < last; ++p) f(p * piece, std::min(r.batch, (p + 1) * piece));
  });
}

/// Whether a step leaves the state as it is.
bool skips(const Recurrence& r, std::int64_t b, std::int64_t t) { return r.mask != nullptr && !r.mask[b * r.time + t]; }

/// The transpose [columns, rows]: made once, otherwise each step's product would transpose the weights again.
template <class T>
void transpose(std::int64_t rows, std::int64_t columns, const T* from, T* to) {
  constexpr std::int64_t block = 16;
  for (std::int64_t i = 0; i < rows; i += block) {
    for (std::int64_t j = 0; j < columns; ++j) {
      for (std::int64_t k = i; k < std::min(rows, i + block); ++k) to[j * rows + k] = from[k * columns + j];
    }
  }
}

}  // namespace

template <class T>
void lstm(const Recurrence& r, T* gates, const T* recurrent, const T* h0, const T* c0, T* h, T* c) {
  const std::int64_t u = r.units, wide = 4 * u;
  for_pieces(r, 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = 0; t < r.time; ++t) {
      const auto at = [&](std::int64_t b, std::int64_t step) { return (b * r.time + step) * u; };
      gemm(false, false, end - begin, wide, u, T(1), t == 0 ? h0 + begin * u : h + at(begin, t - 1),
           t == 0 ? u : r.time * u, recurrent, wide, T(1), gates + 4 * at(begin, t), r.time * wide);
      for (std::int64_t b = begin; b < end; ++b) {
        T* const gate = gates + 4 * at(b, t);
        const T* const before = t == 0 ? c0 + b * u : c + at(b, t - 1);
        T *const h_now = h + at(b, t), *const c_now = c + at(b, t);
        if (skips(r, b, t)) {
          std::copy_n(t == 0 ? h0 + b * u : h + at(b, t - 1), u, h_now);
          std::copy_n(before, u, c_now);
          continue;
        }
        for_vectors<T>(u, [&](std::int64_t k, std::int64_t count) {
          const auto i = sigmoid(load_up_to(gate + k, count)), f = sigmoid(load_up_to(gate + u + k, count));
          const auto g = xsimd::tanh(load_up_to(gate + 2 * u + k, count)),
                     o = sigmoid(load_up_to(gate + 3 * u + k, count));
          const auto cell = f * load_up_to(before + k, count) + i * g;
          store_up_to(i, gate + k, count);
          store_up_to(f, gate + u + k, count);
          store_up_to(g, gate + 2 * u + k, count);
          store_up_to(o, gate + 3 * u + k, count);
          store_up_to(cell, c_now + k, count);
          store_up_to(Batch<T>(o * xsimd::tanh(cell)), h_now + k, count);
        });
      }
    }
  });
}

template <class T>
void lstm_grad(const Recurrence& r, const T* gates, const T* recurrent, const T* c0, const T* c, const T* dh, T* dz,
               T* dh0, T* dc0) {
  using V = Batch<T>;
  const std::int64_t u = r.units, wide = 4 * u;
  const Scratch scratch(static_cast<std::size_t>(u * wide) * sizeof(T));
  T* const transposed = static_cast<T*>(scratch.data());
  transpose(u, wide, recurrent, transposed);
  for_pieces(r, 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = r.time - 1; t >= 0; --t) {
      const auto at = [&](std::int64_t b, std::int64_t step) { return (b * r.time + step) * u; };
      for (std::int64_t b = begin; b < end; ++b) {
        const T *const gate = gates + 4 * at(b, t), *const cell = c + at(b, t);
        const T* const before = t == 0 ? c0 + b * u : c + at(b, t - 1);
        T *const out = dz + 4 * at(b, t), *const dh_next = dh0 + b * u, *const dc_next = dc0 + b * u;
        if (skips(r, b, t)) {
          std::fill_n(out, wide, T(0));
          if (dh != nullptr) add(dh + at(b, t), u, dh_next);
          continue;
        }
        for_vectors<T>(u, [&](std::int64_t k, std::int64_t count) {
          const V i = load_up_to(gate + k, count), f = load_up_to(gate + u + k, count);
          const V g = load_up_to(gate + 2 * u + k, count), o = load_up_to(gate + 3 * u + k, count);
          V d = load_up_to(dh_next + k, count);
          if (dh != nullptr) d += load_up_to(dh + at(b, t) + k, count);
          const V y = xsimd::tanh(load_up_to(cell + k, count));
          const V dc = load_up_to(dc_next + k, count) + d * o * (V(1) - y) * (V(1) + y);
          store_up_to(V(dc * g * i * (V(1) - i)), out + k, count);
          store_up_to(V(dc * load_up_to(before + k, count) * f * (V(1) - f)), out + u + k, count);
          store_up_to(V(dc * i * (V(1) - g) * (V(1) + g)), out + 2 * u + k, count);
          store_up_to(V(d * y * o * (V(1) - o)), out + 3 * u + k, count);
          store_up_to(V(dc * f), dc_next + k, count);
          if (r.mask != nullptr) store_up_to(V(T(0)), dh_next + k, count);  // the product is added to it
        });
      }
      gemm(false, false, end - begin, u, wide, T(1), dz + 4 * at(begin, t), r.time * wide, transposed, u,
           r.mask != nullptr ? T(1) : T(0), dh0 + begin * u, u);
    }
  });
}

template <class T>
void gru(const Recurrence& r, T* gates, const T* recurrent, const T* recurrent_bias, const T* h0, T* h,
         T* candidate_sums) {
  const std::int64_t u = r.units, wide = 3 * u;
  const Scratch scratch(static_cast<std::size_t>(r.batch * wide) * sizeof(T));
  T* const sums = static_cast<T*>(scratch.data());
  for_pieces(r, 3, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = 0; t < r.time; ++t) {
      const auto at = [&](std::int64_t b, std::int64_t step) { return (b * r.time + step) * u; };
      gemm_bias_act(false, false, end - begin, wide, u, t == 0 ? h0 + begin * u : h + at(begin, t - 1),
                    t == 0 ? u : r.time * u, recurrent, wide, recurrent_bias, false, sums + begin * wide, wide);
      for (std::int64_t b = begin; b < end; ++b) {
        T *const gate = gates + 3 * at(b, t), *const sum = sums + b * wide;
        const T* const before = t == 0 ? h0 + b * u : h + at(b, t - 1);
        T *const now = h + at(b, t), *const kept = candidate_sums + at(b, t);
        if (skips(r, b, t)) {
          std::copy_n(before, u, now);
          continue;
        }
        for_vectors<T>(u, [&](std::int64_t k, std::int64_t count) {
          const auto z = sigmoid(Batch<T>(load_up_to(gate + k, count) + load_up_to(sum + k, count)));
          const auto reset = sigmoid(Batch<T>(load_up_to(gate + u + k, count) + load_up_to(sum + u + k, count)));
          const auto p = load_up_to(sum + 2 * u + k, count);
          const auto candidate = xsimd::tanh(Batch<T>(load_up_to(gate + 2 * u + k, count) + reset * p));
          store_up_to(z, gate + k, count);
          store_up_to(reset, gate + u + k, count);
          store_up_to(candidate, gate + 2 * u + k, count);
          store_up_to(p, kept + k, count);
          store_up_to(Batch<T>(z * load_up_to(before + k, count) + (Batch<T>(1) - z) * candidate), now + k, count);
        });
      }
    }
  });
}

template <class T>
void gru_grad(const Recurrence& r, const T* gates, const T* recurrent, const T* h0, const T* h, const T* candidate_sums,
              const T* dh, T* dx, T* dp, T* dh0) {
  using V = Batch<T>;
  const std::int64_t u = r.units, wide = 3 * u;
  const Scratch scratch(static_cast<std::size_t>(u * wide) * sizeof(T));
  T* const transposed = static_cast<T*>(scratch.data());
  transpose(u, wide, recurrent, transposed);
  for_pieces(r, 3, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = r.time - 1; t >= 0; --t) {
      const auto at = [&](std::int64_t b, std::int64_t step) { return (b * r.time + step) * u; };
      for (std::int64_t b = begin; b < end; ++b) {
        const T *const gate = gates + 3 * at(b, t), *const sums = candidate_sums + at(b, t);
        const T* const before = t == 0 ? h0 + b * u : h + at(b, t - 1);
        T *const to_x = dx + 3 * at(b, t), *const to_p = dp + 3 * at(b, t), *const dh_next = dh0 + b * u;
        if (skips(r, b, t)) {
          std::fill_n(to_x, wide, T(0));
          std::fill_n(to_p, wide, T(0));
          if (dh != nullptr) add(dh + at(b, t), u, dh_next);
          continue;
        }
        for_vectors<T>(u, [&](std::int64_t k, std::int64_t count) {
          const V z = load_up_to(gate + k, count), reset = load_up_to(gate + u + k, count),
                  y = load_up_to(gate + 2 * u + k, count);
          V d = load_up_to(dh_next + k, count);
          if (dh != nullptr) d += load_up_to(dh + at(b, t) + k, count);
          const V dcandidate = d * (V(1) - z) * (V(1) - y) * (V(1) + y);
          const V dz = d * (load_up_to(before + k, count) - y) * z * (V(1) - z);
          const V dreset = dcandidate * load_up_to(sums + k, count) * reset * (V(1) - reset);
          store_up_to(dz, to_x + k, count);
          store_up_to(dreset, to_x + u + k, count);
          store_up_to(dcandidate, to_x + 2 * u + k, count);
          store_up_to(dz, to_p + k, count);
          store_up_to(dreset, to_p + u + k, count);
          store_up_to(V(dcandidate * reset), to_p + 2 * u + k, count);
          store_up_to(V(d * z), dh_next + k, count);
        });
      }
      gemm(false, false, end - begin, u, wide, T(1), dp + 3 * at(begin, t), r.time * wide, transposed, u, T(1),
           dh0 + begin * u, u);
    }
  });
}

#define XTAPE_INSTANTIATE(T)                                                                                \
  template void lstm(const Recurrence&, T*, const T*, const T*, const T*, T*, T*);                          \
  template void lstm_grad(const Recurrence&, const T*, const T*, const T*, const T*, const T*, T*, T*, T*); \
  template void gru(const Recurrence&, T*, const T*, const T*, const T*, T*, T*);                           \
  template void gru_grad(const Recurrence&, const T*, const T*, const T*, const T*, const T*, const T*, T*, T*, T*);
XTAPE_INSTANTIATE(float)
XTAPE_INSTANTIATE(double)
#undef XTAPE_INSTANTIATE

}  // namespace xtape::kernels
