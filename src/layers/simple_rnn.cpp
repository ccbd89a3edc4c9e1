#include "xtape/layers/simple_rnn.hpp"

#include "layers/recurrent_options.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::layers {

SimpleRNNCell::SimpleRNNCell(std::int64_t units, const SimpleRNNOptions& options)
    : LayerBase("SimpleRNN", detail::CellConfig(units, 1, options, options.name)) {
  describe(options, {{"units", units}});
}

TensorList SimpleRNNCell::step(const Tensor& x, const TensorList& states) {
  const Tensor h = config_.activation(x + matmul(dropped_state(states[0]), recurrent_kernel_));
  return {h, h};
}

SimpleRNN::SimpleRNN(std::int64_t units, const SimpleRNNOptions& options)
    : LayerBase(SimpleRNNCell(units, detail::unnamed(options)), detail::sequence_options(options)) {
  describe(options, {{"units", units}});
  if (options.activity_regularizer) set_activity_regularizer(options.activity_regularizer);
}

}  // namespace xtape::layers
