#include "xtape/layers/gru.hpp"

#include "layers/recurrent_options.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/recurrent.hpp"

namespace xtape::layers {
namespace {

Tensor row(const Variable& bias, std::int64_t number) { return squeeze(slice_axis(bias, 0, number, 1), 0); }

}  // namespace

GRUCell::GRUCell(std::int64_t units, const GRUOptions& options)
    : LayerBase("GRU", detail::CellConfig(units, 3, options, options.name)), reset_after_(options.reset_after) {
  describe(options, {{"units", units}});
}

Shape GRUCell::bias_shape() const { return reset_after_ ? Shape{2, 3 * units()} : Shape{3 * units()}; }

Tensor GRUCell::input_bias() const { return config_.use_bias && reset_after_ ? row(bias_, 0) : bias_or_none(); }

TensorList GRUCell::step(const Tensor& x, const TensorList& states) {
  const Tensor& before = states[0];
  const Tensor h = dropped_state(before);
  const auto& recurrent = config_.recurrent_activation;
  const Tensors a = split(x, 3, -1);
  Tensor z, candidate;
  if (reset_after_) {
    const Tensors p = split(linear(h, recurrent_kernel_, config_.use_bias ? row(bias_, 1) : Tensor()), 3, -1);
    z = recurrent(a[0] + p[0]);
    candidate = config_.activation(a[2] + recurrent(a[1] + p[1]) * p[2]);
  } else {
    const Tensors kernels = split(recurrent_kernel_, {2 * units(), units()}, -1);
    const Tensors p = split(matmul(h, kernels[0]), 2, -1);
    z = recurrent(a[0] + p[0]);
    candidate = config_.activation(a[2] + matmul(recurrent(a[1] + p[1]) * h, kernels[1]));
  }
  const Tensor now = z * before + (1 - z) * candidate;
  return {now, now};
}

GRU::GRU(std::int64_t units, const GRUOptions& options)
    : LayerBase(GRUCell(units, detail::unnamed(options)), detail::sequence_options(options)) {
  describe(options, {{"units", units}});
  if (options.activity_regularizer) set_activity_regularizer(options.activity_regularizer);
}

RNN::Sequence GRU::run(const Tensor& x, const Tensor& mask, Start start) {
  const auto& own = static_cast<const GRUCell&>(cell());
  if ((mask.defined() && !start.zeros) || own.drops_state() || !own.config_.activation.is(nn::tanh) ||
      !own.config_.recurrent_activation.is(nn::sigmoid)) {
    return RNN::run(x, mask, std::move(start));
  }
  const auto y = nn::gru(own.dropped_inputs(x), own.kernel_, own.recurrent_kernel_, own.bias_or_none(),
                         {.initial_h = start.states[0], .reset_after = own.reset_after_, .mask = mask});
  return {y.outputs, y.h, {y.h}};
}

}  // namespace xtape::layers
