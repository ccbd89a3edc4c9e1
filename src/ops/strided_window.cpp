#include "ops/strided_window.hpp"

#include <cstring>

#include "kernels/strided.hpp"
#include "ops/strided_launch.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::detail {
namespace {

bool is_contiguous(const StridedWindow& window) {
  std::int64_t expected = 1;
  for (int axis = window.shape.rank() - 1; axis >= 0; --axis) {
    if (window.shape[axis] != 1 && window.strides[axis] != expected) return false;
    expected *= window.shape[axis];
  }
  return true;
}

}  // namespace

Tensor read_window(const Tensor& x, const StridedWindow& window) {
  Tensor y;
  if (window.shape.numel() == 0) {
    y = constant_of_trace(make_tensor(window.shape, x.dtype()));
  } else if (is_contiguous(window)) {
    y = make_view(x, window.shape, window.offset);
  } else {
    y = make_tensor(window.shape, x.dtype());
    launch_strided_copy(x, window.offset, window.strides, y);
  }
  return record(
      window.op, {x}, std::move(y),
      [&] { return [window](const Tensor& dy) { return Grads{fill_window("strided_slice_grad", dy, window)}; }; },
      [&](const Tensor& t) { return read_window(t, window); });
}

Tensor fill_window(const char* op, const Tensor& dy, const StridedWindow& window) {
  Tensor y = make_tensor(window.whole, dy.dtype());
  launch_strided_store(dy, window.offset, window.strides, y);
  return record(
      op, {dy}, std::move(y), [&] { return [window](const Tensor& g) { return Grads{read_window(g, window)}; }; },
      [&](const Tensor& t) { return fill_window(op, t, window); });
}

}  // namespace xtape::detail
