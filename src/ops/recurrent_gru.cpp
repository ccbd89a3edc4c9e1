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

/// The inputs of the op: x, kernel, recurrent_kernel, bias, h.
using Operands = Tensors;

Tensor bias_row(const Tensor& bias, std::int64_t row) {
  return bias.rank() == 2 ? squeeze(slice_axis(bias, 0, row, 1), 0) : Tensor();
}

/// The op in public ops, step by step: {outputs, h}.
std::vector<Tensor> in_steps(const Operands& in, const Tensor& mask) {
  const Tensor& x = in[0];
  Tensor h = in[4];
  if (x.shape()[1] == 0) return {reshape(x, {x.shape()[0], 0, h.shape()[1]}), h};
  const Tensor sums = linear(x, in[1], bias_row(in[3], 0)), recurrent_bias = bias_row(in[3], 1);
  const Tensors steps = unstack(sums, 1), keeps = detail::masks_of_steps(mask);
  Tensors outputs;
  for (std::size_t t = 0; t < steps.size(); ++t) {
    const Tensors a = split(steps[t], 3, -1), p = split(linear(h, in[2], recurrent_bias), 3, -1);
    const Tensor z = xtape::sigmoid(a[0] + p[0]);
    const Tensor now = z * h + (1 - z) * xtape::tanh(a[2] + xtape::sigmoid(a[1] + p[1]) * p[2]);
    h = mask.defined() ? where(keeps[t], now, h) : now;
    outputs.push_back(h);
  }
  return {stack(outputs, 1), h};
}

/// The form in which the reset gate is applied before the product.
GruResult reset_before(const Tensor& x, const Tensor& kernel, const Tensor& recurrent, const Tensor& bias, Tensor h,
                       const Tensor& mask) {
  const std::int64_t units = recurrent.shape()[0];
  if (x.shape()[1] == 0) return {reshape(x, {x.shape()[0], 0, units}), h};
  const Tensors parts = split(recurrent, {2 * units, units}, -1);
  const Tensors steps = unstack(linear(x, kernel, bias), 1), keeps = detail::masks_of_steps(mask);
  Tensors outputs;
  for (std::size_t t = 0; t < steps.size(); ++t) {
    const Tensors a = split(steps[t], 3, -1), p = split(matmul(h, parts[0]), 2, -1);
    const Tensor z = xtape::sigmoid(a[0] + p[0]), reset = xtape::sigmoid(a[1] + p[1]);
    const Tensor now = z * h + (1 - z) * xtape::tanh(a[2] + matmul(reset * h, parts[1]));
    h = mask.defined() ? where(keeps[t], now, h) : now;
    outputs.push_back(h);
  }
  return {stack(outputs, 1), h};
}

struct Rule {
  Operands in;
  Tensor gates, h, sums, mask;

  Grads operator()(std::span<const Tensor> dys, Needs need) const {
    return detail::fused_or_differentiated([this](const Operands& now) { return in_steps(now, mask); }, in, dys,
                                           [&] { return fused(dys, need); });
  }

  Grads fused(std::span<const Tensor> dys, Needs need) const {
    const Tensor &x = in[0], &kernel = in[1], &recurrent = in[2], &bias = in[3], &h0 = in[4];
    const kernels::Recurrence r{x.shape()[0], x.shape()[1], recurrent.shape()[0]};
    const auto like = [](const Tensor& t) { return detail::make_tensor(t.shape(), t.dtype()); };
    const Tensor dsum = like(gates), dp = like(gates), dh0 = like(h0);
    launch(
        [r](Read activations, Read recurrent, Read h0, Read states, Read candidates, Read doutputs, Read dh, Read steps,
            Write dsum, Write dp, Write dh0) {
          kernels::visit_floating(activations.dtype(), [&]<class T>(kernels::Type<T>) {
            detail::copy_or_clear(dh, dh0);
            kernels::gru_grad(detail::with_mask(r, steps), activations.data<T>(), recurrent.data<T>(), h0.data<T>(),
                              states.data<T>(), candidates.data<T>(), doutputs.data<T>(), dsum.data<T>(), dp.data<T>(),
                              dh0.data<T>());
          });
        },
        gates, recurrent, h0, h, sums, dys[0], dys[1], mask, dsum, dp, dh0);
    const Shape flat{r.batch * r.time, 3 * r.units};
    const Tensor rows = reshape(dsum, flat), recurrent_rows = reshape(dp, flat);
    Tensor dx, dkernel, drecurrent, dbias;
    if (need[0]) dx = reshape(matmul(rows, kernel, {.transpose_b = true}), x.shape());
    if (need[1]) dkernel = matmul(reshape(x, {flat[0], x.shape()[2]}), rows, {.transpose_a = true});
    if (need[2]) drecurrent = matmul(detail::states_before(h, h0), recurrent_rows, {.transpose_a = true});
    if (need[3] && bias.rank() > 0) dbias = stack({reduce_sum(rows, 0), reduce_sum(recurrent_rows, 0)});
    return Grads{dx, dkernel, drecurrent, dbias, dh0};
  }
};

}  // namespace

GruResult gru(const Tensor& x, const Tensor& kernel, const Tensor& recurrent_kernel, const Tensor& bias,
              const GruOptions& options) {
  XTAPE_NOTE(nn::gru, x, kernel, recurrent_kernel, bias, options);
  const char* op = "gru";
  const std::int64_t units = detail::check_recurrent(op, x, kernel, recurrent_kernel, 3);
  detail::check_recurrent_bias(op, bias, x, options.reset_after ? Shape{2, 3 * units} : Shape{3 * units});
  detail::check_recurrent_mask(op, options.mask, x);
  const DType dtype = x.dtype();
  Operands in{x, kernel, recurrent_kernel, detail::or_placeholder(bias, dtype),
              detail::initial_state(op, "initial_h", options.initial_h, x, units)};
  if (!options.reset_after) return reset_before(x, kernel, recurrent_kernel, bias, in[4], options.mask);
  if (dtype == bfloat16) {
    const GruOptions wide{.initial_h = detail::widened(in[4]), .mask = options.mask};
    return detail::in_float32(gru, x, kernel, recurrent_kernel, bias, wide);
  }
  Tensor gates, outputs[2], sums;
  {
    const detail::NoRecording inside;
    const Tensor input_bias = bias.defined() ? bias_row(bias, 0) : Tensor(),
                 recurrent_bias = bias.defined() ? bias_row(bias, 1) : Tensor();
    const Shape shape{x.shape()[0], x.shape()[1], units};
    gates = detail::make_tensor({shape[0], shape[1], 3 * units}, dtype);
    outputs[0] = detail::make_tensor(shape, dtype);
    sums = detail::make_tensor(shape, dtype);
    launch(
        [r = kernels::Recurrence{shape[0], shape[1], units}](Read x, Read kernel, Read recurrent, Read bias,
                                                             Read recurrent_bias, Read h0, Read mask, Write gates,
                                                             Write h, Write sums) {
          kernels::visit_floating(x.dtype(), [&]<class T>(kernels::Type<T>) {
            detail::input_sums<T>(x, kernel, bias, gates);
            kernels::gru(detail::with_mask(r, mask), gates.data<T>(), recurrent.data<T>(), recurrent_bias.data<T>(),
                         h0.data<T>(), h.data<T>(), sums.data<T>());
          });
        },
        x, kernel, recurrent_kernel, input_bias, recurrent_bias, in[4], options.mask, gates, outputs[0], sums);
    outputs[1] = detail::last_step(outputs[0], in[4]);
  }
  record(
      op, std::span<const Tensor>(in), outputs,
      [&] {
        return Rule{in, gates, detail::make_alias(outputs[0]), sums, options.mask};
      },
      [&](Tangents t) {
        return detail::tangents_by_ops([&](const Operands& now) { return in_steps(now, options.mask); }, in, t);
      });
  return {outputs[0], outputs[1]};
}

}  // namespace xtape::nn
