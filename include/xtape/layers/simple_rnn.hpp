#pragma once

#include "xtape/layers/rnn.hpp"

namespace xtape::layers {

/// Keyword arguments of SimpleRNN, and of SimpleRNNCell except those about sequences.
struct SimpleRNNOptions {
  ActivationFunction activation = "tanh";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {}, recurrent_regularizer = {}, bias_regularizer = {}, activity_regularizer = {};
  Constraint kernel_constraint = {}, recurrent_constraint = {}, bias_constraint = {};
  double dropout = 0;            ///< of the inputs in training; the same inputs at every step
  double recurrent_dropout = 0;  ///< of the state
  std::optional<std::uint64_t> seed = {};
  bool return_sequences = false, return_state = false, go_backwards = false, stateful = false;  ///< see RNNOptions
  bool zero_output_for_mask = false;
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer,
               recurrent_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, recurrent_constraint,
               bias_constraint, dropout, recurrent_dropout, seed, return_sequences, return_state, go_backwards,
               stateful, zero_output_for_mask, dtype, name)
};

/// h <- activation(x kernel + h recurrent_kernel + bias), which is both the output and the state
/// (keras.layers.SimpleRNNCell).
class SimpleRNNCell : public LayerBase<SimpleRNNCell, detail::UnitsCell> {
 public:
  explicit SimpleRNNCell(std::int64_t units, const SimpleRNNOptions& options = {});

 protected:
  TensorList step(const Tensor& x, const TensorList& states) override;
};

/// A fully connected recurrent layer (keras.layers.SimpleRNN; Elman, 1990): [batch, time, k] -> [batch, units], or
/// [batch, time, units] with return_sequences. Weights: kernel [k, units], recurrent_kernel [units, units], bias
/// [units]. Calls and errors are those of RNN; also a ValueError for units < 1 and rates outside [0, 1).
class SimpleRNN : public LayerBase<SimpleRNN, RNN> {
 public:
  explicit SimpleRNN(std::int64_t units, const SimpleRNNOptions& options = {});
};

}  // namespace xtape::layers
