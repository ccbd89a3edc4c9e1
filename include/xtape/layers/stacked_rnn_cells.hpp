#pragma once

#include <string>
#include <vector>

#include "xtape/layers/recurrent_cell.hpp"

namespace xtape::layers {

/// Several cells as one: at each step the output of a cell is the input of the next one (keras.layers.StackedRNNCells).
/// The states are those of all cells in their order: {x, states...} -> {output of the last cell, new states...}. The
/// size of a cell's output is that of its first state.
///
///     layers::RNN(layers::StackedRNNCells({layers::LSTMCell(64), layers::LSTMCell(32)}))
///
/// Layers one after the other, LSTM(64, {.return_sequences = true}) and LSTM(32), compute the same, and are faster.
/// It computes in the dtype policy of the cells. Throws a ValueError for no cell, for a layer that is not a
/// RecurrentCell, for cells of different policies and for inputs of other shapes.
class StackedRNNCells : public LayerBase<StackedRNNCells, RecurrentCell> {
 public:
  explicit StackedRNNCells(std::vector<AnyLayer> cells, std::string name = {});

  std::size_t size() const noexcept { return cells_.size(); }
  /// Throws an IndexError for a number of size() or more.
  RecurrentCell& cell(std::size_t i) const&;
  RecurrentCell& cell(std::size_t i) const&& = delete;  // would be gone with the layer

  std::vector<std::int64_t> state_size() const override;

 protected:
  void build_list(const std::vector<Shape>& input_shapes) override;
  TensorList call_list(const TensorList& inputs) override;
  void begin_sequence(const Tensor& x) override;
  void end_sequence() noexcept override;
  Tensor prepare(const Tensor& x) override;
  TensorList step(const Tensor& x, const TensorList& states) override;

 private:
  void check_inputs(const std::vector<Shape>& shapes) const;

  std::vector<AnyLayer> cells_;
  std::int64_t features_ = 0;  ///< of the inputs, 0 before the first call
};

}  // namespace xtape::layers
