#pragma once

#include "xtape/layers/rnn.hpp"

namespace xtape::layers {

/// Keyword arguments of LSTM, and of LSTMCell except those about sequences.
struct LSTMOptions {
  ActivationFunction activation = "tanh";
  ActivationFunction recurrent_activation = "sigmoid";
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer recurrent_initializer = "orthogonal";
  Initializer bias_initializer = "zeros";
  bool unit_forget_bias = true;  ///< the forget gate's bias starts from ones (Jozefowicz et al., 2015)
  Regularizer kernel_regularizer = {}, recurrent_regularizer = {}, bias_regularizer = {}, activity_regularizer = {};
  Constraint kernel_constraint = {}, recurrent_constraint = {}, bias_constraint = {};
  double dropout = 0;            ///< of the inputs in training; the same inputs at every step
  double recurrent_dropout = 0;  ///< of the state
  std::optional<std::uint64_t> seed = {};
  bool return_sequences = false, return_state = false, go_backwards = false, stateful = false;  ///< see RNNOptions
  bool zero_output_for_mask = false;
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
               unit_forget_bias, kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer,
               kernel_constraint, recurrent_constraint, bias_constraint, dropout, recurrent_dropout, seed,
               return_sequences, return_state, go_backwards, stateful, zero_output_for_mask, dtype, name)
};

/// A step of the long short-term memory: {x, h, c} -> {h, h, c} (keras.layers.LSTMCell); the weights of the gates i, f,
/// c, o are concatenated.
class LSTMCell : public LayerBase<LSTMCell, detail::UnitsCell> {
 public:
  explicit LSTMCell(std::int64_t units, const LSTMOptions& options = {});
  std::vector<std::int64_t> state_size() const override { return {units(), units()}; }

 protected:
  TensorList step(const Tensor& x, const TensorList& states) override;

 private:
  friend class LSTM;
};

/// The long short-term memory (keras.layers.LSTM; Hochreiter, Schmidhuber, 1997; see nn::lstm): [batch, time, k] ->
/// [batch, units], or [batch, time, units] with return_sequences. Weights: kernel [k, 4 units], recurrent_kernel
/// [units, 4 units], bias [4 units], each in the order i, f, c, o. Its states are h and c. With the default activations
/// and without recurrent_dropout the whole sequence is one op, several times faster than step by step (with a mask only
/// from zero states). Calls and errors are those of RNN; also a ValueError for units < 1 and rates outside [0, 1).
class LSTM : public LayerBase<LSTM, RNN> {
 public:
  explicit LSTM(std::int64_t units, const LSTMOptions& options = {});

 protected:
  Sequence run(const Tensor& x, const Tensor& mask, Start start) override;
};

}  // namespace xtape::layers
