#include "xtape/ops/ctc_loss.hpp"

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/ctc.hpp"
#include "kernels/dispatch.hpp"
#include "ops/fused_gradient.hpp"
#include "ops/in_float32.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/padding.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {

using detail::fail;
using detail::launch;
using detail::LaunchKind;
using detail::Read;
using detail::Write;

namespace {

constexpr const char* op = "ctc_loss";

kernels::CtcBatch batch_of(Read target, Read output, Read target_length, Read output_length, std::int64_t blank) {
  const Shape& shape = output.shape();
  return {shape[0],
          shape[1],
          shape[2],
          target.shape()[1],
          blank,
          target.data<std::int64_t>(),
          target_length.data<std::int64_t>(),
          output_length.data<std::int64_t>()};
}

void check_lengths(const char* what, const std::int64_t* lengths, std::int64_t size, std::int64_t longest) {
  for (std::int64_t i = 0; i < size; ++i) {
    if (lengths[i] < 0 || lengths[i] > longest) {
      fail<IndexError>(op, "{} {} at position {} is outside [0, {}]", what, lengths[i], i, longest);
    }
  }
}

void check_elements(const kernels::CtcBatch& batch) {
  check_lengths("target_length", batch.target_lengths, batch.size, batch.symbols);
  check_lengths("output_length", batch.output_lengths, batch.size, batch.steps);
  for (std::int64_t i = 0; i < batch.size; ++i) {
    for (std::int64_t k = 0; k < batch.target_lengths[i]; ++k) {
      const std::int64_t symbol = batch.targets[i * batch.symbols + k];
      if (symbol < 0 || symbol >= batch.classes) {
        fail<IndexError>(op, "symbol {} of target {} is outside [0, {})", symbol, i, batch.classes);
      }
    }
  }
}

/// The targets and lengths as int64, checked.
struct Targets {
  Tensor target, target_length, output_length;
  std::int64_t blank;
};

/// The losses once more in public ops, of which derivatives of any order exist: the recursion of all samples together.
Tensor by_ops(const Tensor& output, const Targets& given, const Tensor& losses) {
  const std::int64_t size = output.shape(0), steps = output.shape(1), classes = output.shape(2);
  const std::int64_t symbols = given.target.shape(1), states = 2 * symbols + 1;
  constexpr double never = -1e30;  // finite, so that derivatives of what is not chosen are finite
  // The symbols of the states: a blank, the first symbol, a blank, ... Behind the lengths anything.
  const Tensor known = clip_by_value(given.target, 0, classes - 1);
  const Tensor blanks = full({size, symbols}, static_cast<double>(given.blank), int64);
  const Tensor states_of = concat({reshape(stack({blanks, known}, 2), {size, 2 * symbols}),
                                   full({size, 1}, static_cast<double>(given.blank), int64)},
                                  1);
  const Tensor emissions =
      matmul(nn::log_softmax(output), one_hot(states_of, classes, output.dtype()), {.transpose_b = true});
  const auto later = [&](const Tensor& x, std::int64_t by) {  // at state s, that of state s - by
    const Tensor moved = pad(x, {{0, 0}, {by, 0}}, {.constant_values = never});
    return slice_axis(moved, 1, 0, states);
  };
  const Tensor place = arange(states);
  const Tensor before =
      slice_axis(pad(states_of, {{0, 0}, {2, 0}}, {.constant_values = static_cast<double>(given.blank)}), 1, 0, states);
  const Tensor skips = (states_of != before) & (place >= 2);
  Tensor alpha = where(broadcast_to(place < 2, {size, states}), squeeze(slice_axis(emissions, 1, 0, 1), 1), never);
  for (std::int64_t t = 1; t < steps; ++t) {
    const Tensor ways = stack({alpha, later(alpha, 1), where(skips, later(alpha, 2), never)}, 0);
    const Tensor next = reduce_logsumexp(ways, 0) + squeeze(slice_axis(emissions, 1, t, 1), 1);
    alpha = where(expand_dims(given.output_length, 1) > t, next, alpha);
  }
  const Tensor last = expand_dims(given.target_length * 2, 1);
  const Tensor ends = (place == last) | (place == last - 1);
  const Tensor result = -reduce_logsumexp(where(ends, alpha, never), 1);
  // Of the others the derivatives are 0.
  return where(is_finite(losses) & (given.output_length > 0), result, 0);
}

Tensor ctc_loss_of(const Tensor& output, const Targets& given) {
  if (output.dtype() == bfloat16) return cast(ctc_loss_of(cast(output, float32), given), bfloat16);
  Tensor losses = detail::make_tensor({output.shape()[0]}, output.dtype());
  launch(
      LaunchKind::throws,
      [blank = given.blank](Read output, Read target, Read target_length, Read output_length, Write losses) {
        const auto batch = batch_of(target, output, target_length, output_length, blank);
        check_elements(batch);
        kernels::visit_floating(output.dtype(), [&]<class T>(kernels::Type<T>) {
          kernels::ctc_loss(batch, output.data<T>(), losses.data<T>());
        });
      },
      output, given.target, given.target_length, given.output_length, losses);
  return record(op, {output}, losses, [&] {
    return [output, given, losses](const Tensor& dy) {
      return detail::fused_or_differentiated(
          [given, losses](const Tensors& x) { return std::vector<Tensor>{by_ops(x[0], given, losses)}; },
          Tensors{output}, {&dy, 1},
          [&] {
            Tensor dx = detail::make_tensor(output.shape(), output.dtype());
            launch(
                [blank = given.blank](Read dy, Read output, Read target, Read target_length, Read output_length,
                                      Write dx) {
                  const auto batch = batch_of(target, output, target_length, output_length, blank);
                  kernels::visit_floating(output.dtype(), [&]<class T>(kernels::Type<T>) {
                    kernels::ctc_loss_grad(batch, dy.data<T>(), output.data<T>(), dx.data<T>());
                  });
                },
                dy, output, given.target, given.target_length, given.output_length, dx);
            return Grads{dx};
          });
    };
  });
}

}  // namespace

namespace nn {

Tensor ctc_loss(const Tensor& target, const Tensor& output, const Tensor& target_length, const Tensor& output_length,
                std::int64_t mask_index) {
  XTAPE_NOTE(nn::ctc_loss, target, output, target_length, output_length, mask_index);
  detail::expect_floating(op, output.dtype());
  for (const Tensor* t : {&target, &target_length, &output_length})
    detail::expect_integer(op, t->dtype(), "integer targets and lengths");
  const Shape &x = output.shape(), &y = target.shape();
  if (x.rank() != 3 || y.rank() != 2 || y[0] != x[0]) {
    fail<ValueError>(op, "expected targets [batch, symbols] and logits [batch, steps, classes], received {} and {}", y,
                     x);
  }
  if (target_length.shape() != Shape{x[0]} || output_length.shape() != Shape{x[0]}) {
    fail<ValueError>(op, "expected lengths of shape ({},), received {} and {}", x[0], target_length.shape(),
                     output_length.shape());
  }
  if (mask_index < 0 || mask_index >= x[2]) {
    fail<ValueError>(op, "expected a mask_index in [0, {}), received {}", x[2], mask_index);
  }
  const auto whole = [](const Tensor& t) { return detail::convert(t, int64); };
  return ctc_loss_of(output, {whole(target), whole(target_length), whole(output_length), mask_index});
}

}  // namespace nn
}  // namespace xtape
