#include "ops/recurrent.hpp"

#include <cstring>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/fill.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {

std::int64_t check_recurrent(const char* op, const Tensor& x, const Tensor& kernel, const Tensor& recurrent,
                             std::int64_t gates) {
  detail::expect_floating(op, x.dtype(), "floating tensors");
  if (kernel.dtype() != x.dtype() || recurrent.dtype() != x.dtype()) {
    fail<TypeError>(op, "dtypes differ: x {}, kernel {}, recurrent_kernel {}, cast them to one dtype", x.dtype(),
                    kernel.dtype(), recurrent.dtype());
  }
  if (recurrent.rank() != 2 || recurrent.shape()[1] != gates * recurrent.shape()[0]) {
    fail<ValueError>(op, "expected a recurrent_kernel [units, {} units], received shape {}", gates, recurrent.shape());
  }
  const std::int64_t units = recurrent.shape()[0];
  if (x.rank() != 3) {
    fail<ValueError>(op, "expected sequences [batch, time, features], received shape {}", x.shape());
  }
  const Shape wanted{x.shape()[2], gates * units};
  if (kernel.shape() != wanted) {
    fail<ValueError>(op,
                     "expected a kernel of shape {} for x of shape {} and recurrent_kernel of shape {}: received "
                     "{}",
                     wanted, x.shape(), recurrent.shape(), kernel.shape());
  }
  return units;
}

void check_recurrent_bias(const char* op, const Tensor& bias, const Tensor& x, const Shape& shape) {
  if (!bias.defined()) return;
  if (bias.dtype() != x.dtype())
    fail<TypeError>(op, "dtypes differ: x {}, bias {}, cast one of them", x.dtype(), bias.dtype());
  if (bias.shape() != shape) {
    fail<ValueError>(op, "expected a bias of shape {}, received {}", shape, bias.shape());
  }
}

Tensor initial_state(const char* op, const char* name, const Tensor& given, const Tensor& x, std::int64_t units) {
  const Shape shape{x.shape()[0], units};
  if (!given.defined()) return filled(shape, x.dtype(), 0);
  if (given.dtype() != x.dtype())
    fail<TypeError>(op, "dtypes differ: x {}, {} {}, cast one of them", x.dtype(), name, given.dtype());
  if (given.shape() != shape) {
    fail<ValueError>(op, "expected {} of shape {}, received {}", name, shape, given.shape());
  }
  return given;
}

void check_recurrent_mask(const char* op, const Tensor& mask, const Tensor& x) {
  if (!mask.defined()) return;
  detail::expect_boolean(op, mask.dtype(), "a bool mask");
  const Shape wanted{x.shape()[0], x.shape()[1]};
  if (mask.shape() != wanted) {
    fail<ValueError>(op, "expected a mask of shape {}, received {}", wanted, mask.shape());
  }
}

Tensors masks_of_steps(const Tensor& mask) { return mask.defined() ? unstack(expand_dims(mask, -1), 1) : Tensors(); }

Tensor or_placeholder(const Tensor& t, DType dtype) { return t.defined() ? t : filled({}, dtype, 0); }

Tensor last_step(const Tensor& sequence, const Tensor& initial) {
  Tensor last = make_tensor(initial.shape(), initial.dtype());
  launch(
      [](Read steps, Read before, Write to) {
        const std::size_t row = static_cast<std::size_t>(before.shape()[1]) * itemsize(before.dtype());
        const auto batch = static_cast<std::size_t>(before.shape()[0]);
        const auto time = static_cast<std::size_t>(steps.shape()[1]);
        for (std::size_t b = 0; row > 0 && b < batch; ++b) {
          const std::byte* from = time == 0 ? before.bytes() + b * row : steps.bytes() + ((b + 1) * time - 1) * row;
          std::memcpy(to.bytes() + b * row, from, row);
        }
      },
      sequence, initial, last);
  return last;
}

Tensor states_before(const Tensor& sequence, const Tensor& initial) {
  const auto& shape = sequence.shape();
  Tensor before = make_tensor({shape[0] * shape[1], shape[2]}, sequence.dtype());
  launch(
      [](Read steps, Read first, Write states) {
        if (states.size() == 0) return;
        const auto& sizes = steps.shape();
        const std::size_t row = static_cast<std::size_t>(sizes[2]) * itemsize(steps.dtype());
        const auto batch = static_cast<std::size_t>(sizes[0]), time = static_cast<std::size_t>(sizes[1]);
        for (std::size_t b = 0; b < batch; ++b) {
          std::byte* to = states.bytes() + b * time * row;
          std::memcpy(to, first.bytes() + b * row, row);
          std::memcpy(to + row, steps.bytes() + b * time * row, (time - 1) * row);
        }
      },
      sequence, initial, before);
  return before;
}

}  // namespace xtape::detail
