#pragma once

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

// Recurrent layers over whole sequences [batch, time, features], each as one recorded op, with Keras's layout of the
// weights. They throw a TypeError unless all tensors have the same floating dtype, a ValueError for shapes that do not
// fit.
namespace xtape {
namespace nn {

/// Keyword arguments of lstm.
struct LstmOptions {
  Tensor initial_h = {};  ///< [batch, units]; unset: zeros
  Tensor initial_c = {};
  Tensor mask = {};  ///< bool [batch, time]: steps where it is false do not change h and c

  XTAPE_FIELDS(initial_h, initial_c, mask)
};
/// What lstm() returns.
struct LstmResult {
  Tensor outputs;  ///< [batch, time, units], h after each step
  Tensor h;        ///< [batch, units], after the last step
  Tensor c;        ///< [batch, units], the cell state after the last step
};

/// The long short-term memory (Hochreiter, Schmidhuber, 1997; keras.layers.LSTM): with (i, f, g, o) the four parts of
/// x_t kernel + h recurrent_kernel + bias,
///
///     c <- sigmoid(f) c + sigmoid(i) tanh(g),  h <- sigmoid(o) tanh(c)
///
/// for x [batch, time, k], kernel [k, 4 units], recurrent_kernel [units, 4 units] and bias [4 units] or empty.
LstmResult lstm(const Tensor& x, const Tensor& kernel, const Tensor& recurrent_kernel, const Tensor& bias = {},
                const LstmOptions& options = {});

/// Keyword arguments of gru.
struct GruOptions {
  Tensor initial_h = {};  ///< [batch, units]; unset: zeros
  /// true: the reset gate multiplies h recurrent_kernel + bias, as in cuDNN and libtorch; false: it multiplies h, as in
  /// the paper.
  bool reset_after = true;
  Tensor mask = {};  ///< bool [batch, time]: steps where it is false do not change h

  XTAPE_FIELDS(initial_h, reset_after, mask)
};
/// What gru() returns.
struct GruResult {
  Tensor outputs;  ///< [batch, time, units], h after each step
  Tensor h;        ///< [batch, units], after the last step
};

/// The gated recurrent unit (Cho et al., 2014; keras.layers.GRU): with (a, b, c) the three parts of x_t kernel +
/// bias[0] and (p, q, s) those of h recurrent_kernel + bias[1],
///
///     z = sigmoid(a + p),  r = sigmoid(b + q),  h <- z h + (1 - z) tanh(c + r s)
///
/// for x [batch, time, k], kernel [k, 3 units], recurrent_kernel [units, 3 units] and bias [2, 3 units] or empty. With
/// reset_after = false, s is (r h) times its part of the recurrent kernel, added without r, and bias is [3 units].
GruResult gru(const Tensor& x, const Tensor& kernel, const Tensor& recurrent_kernel, const Tensor& bias = {},
              const GruOptions& options = {});

}  // namespace nn
}  // namespace xtape
