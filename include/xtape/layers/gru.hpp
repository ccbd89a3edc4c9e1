#pragma once

#include "xtape/layers/rnn.hpp"

namespace xtape::layers {

/// Keyword arguments of GRU, and of GRUCell except those about sequences.
struct GRUOptions {
  ActivationFunction activation = "tanh";
  ActivationFunction recurrent_activation = "sigmoid";
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
  bool reset_after = true;  ///< see nn::gru
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
               kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
               recurrent_constraint, bias_constraint, dropout, recurrent_dropout, seed, return_sequences, return_state,
               go_backwards, stateful, zero_output_for_mask, reset_after, dtype, name)
};

/// A step of the gated recurrent unit: {x, h} -> {h, h} (keras.layers.GRUCell); the weights of the gates z, r, h are
/// concatenated.
class GRUCell : public LayerBase<GRUCell, detail::UnitsCell> {
 public:
  explicit GRUCell(std::int64_t units, const GRUOptions& options = {});

 protected:
  Shape bias_shape() const override;
  Tensor input_bias() const override;
  TensorList step(const Tensor& x, const TensorList& states) override;

 private:
  friend class GRU;
  bool reset_after_;
};

/// The gated recurrent unit (keras.layers.GRU; Cho et al., 2014; see nn::gru): [batch, time, k] -> [batch, units], or
/// [batch, time, units] with return_sequences. Weights: kernel [k, 3 units], recurrent_kernel [units, 3 units], bias
/// [2, 3 units] ([3 units] with reset_after = false), each in the order z, r, h. With the default activations and
/// reset_after and without recurrent_dropout the whole sequence is one op (with a mask only from zero states). Calls
/// and errors are those of RNN; also a ValueError for units < 1 and rates outside [0, 1).
class GRU : public LayerBase<GRU, RNN> {
 public:
  explicit GRU(std::int64_t units, const GRUOptions& options = {});

 protected:
  Sequence run(const Tensor& x, const Tensor& mask, Start start) override;
};

}  // namespace xtape::layers
