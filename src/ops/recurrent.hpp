#pragma once

#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/gemm.hpp"
#include "kernels/recurrent.hpp"
#include "ops/copy_or_clear.hpp"
#include "ops/fused_gradient.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/tape/record.hpp"

// Shared by lstm and gru.
namespace xtape::detail {

/// Checks the operands of a recurrent op; its kernels are `gates` times as wide as the state, whose size is returned.
std::int64_t check_recurrent(const char* op, const Tensor& x, const Tensor& kernel, const Tensor& recurrent,
                             std::int64_t gates);
/// Checks the bias, which may be empty.
void check_recurrent_bias(const char* op, const Tensor& bias, const Tensor& x, const Shape& shape);
/// The given state after a check, or zeros.
Tensor initial_state(const char* op, const char* name, const Tensor& given, const Tensor& x, std::int64_t units);

/// Checks the mask, which may be empty.
void check_recurrent_mask(const char* op, const Tensor& mask, const Tensor& x);
/// The masks [batch, 1] of the steps; an empty list without a mask.
Tensors masks_of_steps(const Tensor& mask);

/// t, or for an empty t a number in its place, as tapes and the rules below need it.
Tensor or_placeholder(const Tensor& t, DType dtype);

// Not recorded:
/// [batch, units]: the last step of [batch, time, units], or the initial state if there are no steps.
Tensor last_step(const Tensor& sequence, const Tensor& initial);
/// The state before each step, [batch * time, units].
Tensor states_before(const Tensor& sequence, const Tensor& initial);

// Within a launch:
/// The recurrence with its mask, which may be empty.
inline kernels::Recurrence with_mask(kernels::Recurrence r, Read mask) {
  r.mask = mask.data<bool>();
  return r;
}
/// to [batch, time, gates] = x kernel + bias, which may be empty.
template <class T>
void input_sums(Read x, Read kernel, Read bias, Write to) {
  const std::int64_t k = kernel.shape()[0], n = kernel.shape()[1], rows = x.shape()[0] * x.shape()[1];
  kernels::gemm_bias_act(false, false, rows, n, k, x.data<T>(), k, kernel.data<T>(), n, bias.data<T>(), false,
                         to.data<T>(), n);
}

}  // namespace xtape::detail
