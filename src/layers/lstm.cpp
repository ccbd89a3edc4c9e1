#include "xtape/layers/lstm.hpp"

#include "layers/recurrent_options.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/recurrent.hpp"

namespace xtape::layers {
namespace {

detail::CellConfig config_of(std::int64_t units, const LSTMOptions& options) {
  detail::CellConfig config(units, 4, options, options.name);
  if (options.unit_forget_bias) {
    config.bias_initializer = [first = options.bias_initializer, units](const Shape&, DType dtype) {
      return concat(std::vector<Tensor>{first({units}, dtype), ones({units}, dtype), first({2 * units}, dtype)}, 0);
    };
  }
  return config;
}

}  // namespace

LSTMCell::LSTMCell(std::int64_t units, const LSTMOptions& options) : LayerBase("LSTM", config_of(units, options)) {
  describe(options, {{"units", units}});
}

TensorList LSTMCell::step(const Tensor& x, const TensorList& states) {
  const Tensors gates = split(x + matmul(dropped_state(states[0]), recurrent_kernel_), 4, -1);
  const auto& recurrent = config_.recurrent_activation;
  const Tensor input = recurrent(gates[0]), forget = recurrent(gates[1]), output = recurrent(gates[3]);
  const Tensor c = forget * states[1] + input * config_.activation(gates[2]);
  const Tensor h = output * config_.activation(c);
  return {h, h, c};
}

LSTM::LSTM(std::int64_t units, const LSTMOptions& options)
    : LayerBase(LSTMCell(units, detail::unnamed(options)), detail::sequence_options(options)) {
  describe(options, {{"units", units}});
  if (options.activity_regularizer) set_activity_regularizer(options.activity_regularizer);
}

RNN::Sequence LSTM::run(const Tensor& x, const Tensor& mask, Start start) {
  const auto& own = static_cast<const LSTMCell&>(cell());
  if ((mask.defined() && !start.zeros) || own.drops_state() || !own.config_.activation.is(nn::tanh) ||
      !own.config_.recurrent_activation.is(nn::sigmoid)) {
    return RNN::run(x, mask, std::move(start));
  }
  const auto y = nn::lstm(own.dropped_inputs(x), own.kernel_, own.recurrent_kernel_, own.bias_or_none(),
                          {.initial_h = start.states[0], .initial_c = start.states[1], .mask = mask});
  return {y.outputs, y.h, {y.h, y.c}};
}

}  // namespace xtape::layers
