#include "core/call_notes.hpp"
#include "ops/forward_rules.hpp"
#include "ops/in_float32.hpp"
#include "ops/recurrent.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/recurrent.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::nn {
namespace {

using detail::launch;
using detail::Read;
using detail::Write;

/// The inputs of the op: x, kernel, recurrent_kernel, bias, h, c.
using Operands = Tensors;

/// The op in public ops, step by step: {outputs, h, c}.
std::vector<Tensor> in_steps(const Operands& in, const Tensor& mask) {
  const Tensor &x = in[0], &recurrent = in[2];
  Tensor h = in[4], c = in[5];
  if (x.shape()[1] == 0) return {reshape(x, {x.shape()[0], 0, h.shape()[1]}), h, c};
  const Tensor sums = linear(x, in[1], in[3].rank() == 0 ? Tensor() : in[3]);
  const Tensors steps = unstack(sums, 1), keeps = detail::masks_of_steps(mask);
  Tensors outputs;
  for (std::size_t t = 0; t < steps.size(); ++t) {
    const Tensors gates = split(steps[t] + matmul(h, recurrent), 4, -1);
    const Tensor cell = xtape::sigmoid(gates[1]) * c + xtape::sigmoid(gates[0]) * xtape::tanh(gates[2]);
    const Tensor now = xtape::sigmoid(gates[3]) * xtape::tanh(cell);
    c = mask.defined() ? where(keeps[t], cell, c) : cell;
    h = mask.defined() ? where(keeps[t], now, h) : now;
    outputs.push_back(h);
  }
  return {stack(outputs, 1), h, c};
}

struct Rule {
  Operands in;
  Tensor gates, h, c, mask;

  Grads operator()(std::span<const Tensor> dys, Needs need) const {
    return detail::fused_or_differentiated([this](const Operands& now) { return in_steps(now, mask); }, in, dys,
                                           [&] { return fused(dys, need); });
  }

  /// The kernel goes back through the steps and computes the gradients dz of the gates' sums. The gradient of each
  /// weight is then one product over all steps.
  Grads fused(std::span<const Tensor> dys, Needs need) const {
    const Tensor &x = in[0], &kernel = in[1], &recurrent = in[2], &bias = in[3], &c0 = in[5];
    const kernels::Recurrence r{x.shape()[0], x.shape()[1], recurrent.shape()[0]};
    const auto like = [](const Tensor& t) { return detail::make_tensor(t.shape(), t.dtype()); };
    const Tensor dz = like(gates), dh0 = like(c0), dc0 = like(c0);
    launch(
        [r](Read activations, Read recurrent, Read c0, Read cells, Read doutputs, Read dh, Read dc, Read steps,
            Write dz, Write dh0, Write dc0) {
          kernels::visit_floating(activations.dtype(), [&]<class T>(kernels::Type<T>) {
            detail::copy_or_clear(dh, dh0);
            detail::copy_or_clear(dc, dc0);
            kernels::lstm_grad(detail::with_mask(r, steps), activations.data<T>(), recurrent.data<T>(), c0.data<T>(),
                               cells.data<T>(), doutputs.data<T>(), dz.data<T>(), dh0.data<T>(), dc0.data<T>());
          });
        },
        gates, recurrent, c0, c, dys[0], dys[1], dys[2], mask, dz, dh0, dc0);
    const Tensor rows = reshape(dz, {r.batch * r.time, 4 * r.units});
    Tensor dx, dkernel, drecurrent, dbias;
    if (need[0]) dx = reshape(matmul(rows, kernel, {.transpose_b = true}), x.shape());
    if (need[1]) dkernel = matmul(reshape(x, {rows.shape()[0], x.shape()[2]}), rows, {.transpose_a = true});
    if (need[2]) drecurrent = matmul(detail::states_before(h, in[4]), rows, {.transpose_a = true});
    if (need[3] && bias.rank() > 0) dbias = reduce_sum(rows, 0);
    return Grads{dx, dkernel, drecurrent, dbias, dh0, dc0};
  }
};

}  // namespace

LstmResult lstm(const Tensor& x, const Tensor& kernel, const Tensor& recurrent_kernel, const Tensor& bias,
                const LstmOptions& options) {
  XTAPE_NOTE(nn::lstm, x, kernel, recurrent_kernel, bias, options);
  const char* op = "lstm";
  const std::int64_t units = detail::check_recurrent(op, x, kernel, recurrent_kernel, 4);
  detail::check_recurrent_bias(op, bias, x, {4 * units});
  detail::check_recurrent_mask(op, options.mask, x);
  const DType dtype = x.dtype();
  Operands in{x,
              kernel,
              recurrent_kernel,
              detail::or_placeholder(bias, dtype),
              detail::initial_state(op, "initial_h", options.initial_h, x, units),
              detail::initial_state(op, "initial_c", options.initial_c, x, units)};
  if (dtype == bfloat16) {
    const LstmOptions wide{
        .initial_h = detail::widened(in[4]), .initial_c = detail::widened(in[5]), .mask = options.mask};
    return detail::in_float32(lstm, x, kernel, recurrent_kernel, bias, wide);
  }
  Tensor gates, outputs[3], c;
  {
    const detail::NoRecording inside;
    const Shape shape{x.shape()[0], x.shape()[1], units};
    gates = detail::make_tensor({shape[0], shape[1], 4 * units}, dtype);
    outputs[0] = detail::make_tensor(shape, dtype);
    c = detail::make_tensor(shape, dtype);
    launch(
        [r = kernels::Recurrence{shape[0], shape[1], units}](Read x, Read kernel, Read recurrent, Read bias, Read h0,
                                                             Read c0, Read mask, Write gates, Write h, Write c) {
          kernels::visit_floating(x.dtype(), [&]<class T>(kernels::Type<T>) {
            detail::input_sums<T>(x, kernel, bias, gates);
            kernels::lstm(detail::with_mask(r, mask), gates.data<T>(), recurrent.data<T>(), h0.data<T>(), c0.data<T>(),
                          h.data<T>(), c.data<T>());
          });
        },
        x, kernel, recurrent_kernel, bias, in[4], in[5], options.mask, gates, outputs[0], c);
    outputs[1] = detail::last_step(outputs[0], in[4]);
    outputs[2] = detail::last_step(c, in[5]);
  }
  record(
      op, std::span<const Tensor>(in), outputs,
      [&] {
        return Rule{in, gates, detail::make_alias(outputs[0]), c, options.mask};
      },
      [&](Tangents t) {
        return detail::tangents_by_ops([&](const Operands& now) { return in_steps(now, options.mask); }, in, t);
      });
  return {outputs[0], outputs[1], outputs[2]};
}

}  // namespace xtape::nn
