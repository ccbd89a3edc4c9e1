#pragma once

#include <concepts>
#include <memory>
#include <string>

#include "xtape/layers/recurrent_cell.hpp"

namespace xtape::layers {

/// Keyword arguments of RNN.
struct RNNOptions {
  bool return_sequences = false;  ///< the outputs of all steps [batch, time, size] instead of the last one's
  bool return_state = false;      ///< the last states as well: {output, states...}, see Layer::outputs
  bool go_backwards = false;      ///< from the last step to the first; sequences are returned in this order
  bool stateful = false;  ///< a sequence goes on where the one before ended, sample by sample, until reset_states
  bool zero_output_for_mask = false;  ///< the output of a step that the mask leaves out is 0, not the one before it
  std::string name = {};

  XTAPE_FIELDS(return_sequences, return_state, go_backwards, stateful, zero_output_for_mask, name)
};

namespace detail {

/// The states between the calls of a stateful layer: copies of the layer share them, clones start afresh.
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

/// Repeats a cell over the steps of sequences [batch, time, features] (keras.layers.RNN).
///
///     Tensor y = rnn(x);                        // from states of zeros
///     Tensor y = rnn({x, mask});                // bool [batch, time]
///     Tensor y = rnn({x, h});                   // from these states, as many as the cell has
///     Tensor y = rnn({x, mask, h});
///     TensorList all = rnn.outputs(x);          // with return_state
///
/// Where the mask is false, a step repeats the output of the one before (zeros at first) and leaves the states, as in
/// Keras. The mask is that of the sequences (see get_mask) unless another one is given; with return_sequences the
/// outputs get it, in the order in which they are returned. Stateful layers forget states of another batch size. Throws
/// a ValueError for an input that is not of rank 3 or has other features than the first one, for masks and states of
/// other shapes, and for sequences without steps.
class RNN : public LayerBase<RNN> {
 public:
  template <std::derived_from<RecurrentCell> Cell>
  explicit RNN(Cell cell, RNNOptions options = {})
      : LayerBase(options.name), cell_(std::move(cell)), options_(options) {
    describe(options_, {{"cell", cell_}});
    adopt(*cell_);
    set_dtype_policy(cell_->dtype_policy());  // which reads the cell's weights itself
    set_supports_masking(true);
  }

  RecurrentCell& cell() const& { return static_cast<RecurrentCell&>(*cell_); }
  RecurrentCell& cell() const&& = delete;  // would be gone with the layer
  const RNNOptions& options() const& noexcept { return options_; }
  RNNOptions options() const&& { return options_; }
  bool return_sequences() const noexcept { return options_.return_sequences; }
  bool return_state() const noexcept { return options_.return_state; }

  /// The states of a stateful layer after the last call; empty before the first.
  const TensorList& states() const& { return *kept_; }
  TensorList states() const&& { return *kept_; }
  /// A stateful layer's next sequence starts from zeros.
  void reset_states();

  TensorList compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) override;

 protected:
  struct Sequence {
    Tensor outputs, last;
    TensorList states;
  };

  void build(const Shape& input_shape) override;
  TensorList call_list(const TensorList& inputs) override;
  /// What the steps begin with.
  struct Start {
    TensorList states;
    bool zeros;  ///< then a state repeated is an output repeated
  };
  /// All steps; the mask may be empty.
  virtual Sequence run(const Tensor& x, const Tensor& mask, Start start);

 private:
  friend class Bidirectional;

  Start first_states(const TensorList& given, const Tensor& x) const;

  AnyLayer cell_;
  RNNOptions options_;
  detail::KeptStates kept_;
  std::int64_t features_ = 0;
  std::vector<std::int64_t> state_sizes_;  ///< the cell's, since build()
};

}  // namespace xtape::layers
