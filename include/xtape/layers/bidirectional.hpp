#pragma once

#include <optional>

#include "xtape/layers/rnn.hpp"

namespace xtape::layers {

/// Keyword arguments of Bidirectional.
struct BidirectionalOptions {
  std::string merge_mode = "concat";            ///< "concat", "sum", "mul", "ave", or "none" for both outputs
  std::optional<AnyLayer> backward_layer = {};  ///< unset: a copy of the layer in the other direction
  std::string name = {};

  XTAPE_FIELDS(merge_mode, backward_layer, name)
};

/// A recurrent layer and a second one that reads the sequences from their end (keras.layers.Bidirectional; Schuster,
/// Paliwal, 1997). Both have their own weights and names such as "forward_lstm" and "backward_lstm"; their outputs are
/// merged, with return_sequences step by step. The inputs are those of RNN, with the states of the forward layer before
/// those of the backward layer. With return_state the states of both layers follow the outputs.
///
///     layers::Bidirectional(layers::LSTM(64))
///
/// Masks are used as in RNN. With return_sequences the outputs of masked steps are 0, and the merged outputs get the
/// mask. As in Keras, the given layer is copied, not used itself. Throws a ValueError for a layer that is not an RNN,
/// an unknown merge_mode, and a backward_layer of the same direction or another return_sequences or return_state.
class Bidirectional : public LayerBase<Bidirectional> {
 public:
  explicit Bidirectional(const AnyLayer& layer, BidirectionalOptions options = {});

  Layer& forward_layer() const& { return *forward_; }
  Layer& backward_layer() const& { return *backward_; }
  Layer& forward_layer() const&& = delete;  // would be gone with the layer
  Layer& backward_layer() const&& = delete;

  TensorList compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) override;

 protected:
  void build(const Shape& input_shape) override;
  TensorList call_list(const TensorList& inputs) override;

 private:
  TensorList merge(const Tensor& forward, const Tensor& backward) const;

  AnyLayer forward_, backward_;
  std::string merge_mode_;
};

}  // namespace xtape::layers
