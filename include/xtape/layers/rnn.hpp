#pragma once

#include <concepts>
#include <memory>
#include <string>

#include "xtape/layers/recurrent_cell.hpp"

namespace xtape {
namespace layers {

/// Keyword arguments of RNN.
struct RNNOptions {
  bool return_sequences = false;  ///< the outputs of all steps [batch, time, size], not only of the last
  bool return_state = false;      ///< the last states as well: {output, states...}, see Layer::outputs
  bool go_backwards = false;      ///< from the last step to the first; sequences are returned in this order
  bool stateful = false;          ///< each call starts from the last states of the call before, until reset_states()
  bool zero_output_for_mask = false;  ///< the output of a masked step is 0, not that of the step before
  std::string name = {};

  XTAPE_FIELDS(return_sequences, return_state, go_backwards, stateful, zero_output_for_mask, name)
};

}  // namespace layers

namespace detail {

/// The states of a stateful layer between its calls. Copies of the layer share them; clones have new ones.
class KeptStates {
 public:
  KeptStates() : states_(std::make_shared<TensorList>()) {}
  KeptStates(const KeptStates& other);
  KeptStates(KeptStates&&) noexcept = default;
  KeptStates& operator=(KeptStates other) noexcept {
    states_.swap(other.states_);
    return *this;
  }
  TensorList& operator*() const noexcept { return *states_; }
  const std::shared_ptr<TensorList>& shared() const noexcept { return states_; }

 private:
  std::shared_ptr<TensorList> states_;
};

}  // namespace detail

namespace layers {

/// Runs a cell over the steps of sequences [batch, time, features] (keras.layers.RNN).
///
///     Tensor y = rnn(x);                        // from states of zeros
///     Tensor y = rnn({x, mask});                // bool [batch, time]
///     Tensor y = rnn({x, h});                   // from these states, one for each of the cell
///     Tensor y = rnn({x, mask, h});
///     TensorList all = rnn.outputs(x);          // with return_state
///
/// Where the mask is false, a step repeats the output of the step before (zeros at first) and keeps the states, as in
/// Keras. By default the mask is that of x (see get_mask). With return_sequences the outputs get the mask, in the order
/// in which they are returned. Stateful layers forget states of another batch size. Throws a ValueError for an input
/// that is not of rank 3 or has other features than the first one, for masks and states of other shapes, and for
/// sequences without steps; a RuntimeError where recompute_grad repeats a stateful layer whose states were not given.
class RNN : public LayerBase<RNN> {
 public:
  template <std::derived_from<RecurrentCell> Cell>
  explicit RNN(Cell cell, RNNOptions options = {}) : RNN(AnyLayer(std::move(cell)), std::move(options), 0) {}

  /// From its Config; the cell's class must be one of xtape or registered. Throws a ValueError otherwise.
  static RNN from_config(const Config& config);

  RecurrentCell& cell() const& { return static_cast<RecurrentCell&>(*cell_); }
  RecurrentCell& cell() const&& = delete;  // would be gone with the layer
  const RNNOptions& options() const& noexcept { return options_; }
  RNNOptions options() const&& { return options_; }
  bool return_sequences() const noexcept { return options_.return_sequences; }
  bool return_state() const noexcept { return options_.return_state; }

  /// The states of a stateful layer after the last call; empty before the first.
  const TensorList& states() const& { return *kept_; }
  TensorList states() const&& { return *kept_; }
  /// The next call of a stateful layer starts from zeros.
  void reset_states();

  TensorList compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) override;

 protected:
  struct Sequence {
    Tensor outputs, last;
    TensorList states;
  };

  void build(const Shape& input_shape) override;
  TensorList call_list(const TensorList& inputs) override;
  /// The states before the first step.
  struct Start {
    TensorList states;
    bool zeros;  ///< all states are zeros, so a repeated state equals a repeated output
  };
  /// Runs all steps; the mask may be empty.
  virtual Sequence run(const Tensor& x, const Tensor& mask, Start start);

 private:
  friend class Bidirectional;
  RNN(AnyLayer cell, RNNOptions options, int);

  Start first_states(const TensorList& given, const Tensor& x) const;

  AnyLayer cell_;
  RNNOptions options_;
  detail::KeptStates kept_;
  std::int64_t features_ = 0;
  std::vector<std::int64_t> state_sizes_;  ///< of the cell, set by build()
};

}  // namespace layers
}  // namespace xtape
