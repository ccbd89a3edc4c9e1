#include "tape/accumulate.hpp"

#include "core/convert.hpp"
#include "kernels/inplace.hpp"
#include "kernels/reduce.hpp"
#include "kernels/strided.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::detail {

Tensor accumulate(Tensor a, Tensor b) {
  const auto add_to = [](const Tensor& to, const Tensor& other) {
    kernels::add_in_place(to.dtype(), to.impl()->data, other.impl()->data, to.size(), /*subtract=*/false);
    return to;
  };
  if (!is_recording()) {
    if (is_unique(a)) return add_to(a, b);
    if (is_unique(b)) return add_to(b, a);
  }
  return record("add", {a, b}, add_to(copy(a), b), [](const Tensor& dy) { return Grads{dy, dy}; });
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  const int missing = to.rank() - from.rank();
  if (missing < 0) return false;
  for (int axis = 0; axis < from.rank(); ++axis) {
    if (from[axis] != 1 && from[axis] != to[axis + missing]) return false;
  }
  return true;
}

Tensor sum_to(const Tensor& t, const Shape& shape) {
  if (t.shape() == shape) return t;
  const int missing = t.rank() - shape.rank();
  // Groups of neighbouring axes from the innermost outwards, so that each is one reduction of [outer, reduced, inner].
  Tensor sum = t;
  Shape current = t.shape();
  const auto reduced = [&](int axis) { return axis < missing || (shape[axis - missing] == 1 && t.shape()[axis] != 1); };
  for (int end = t.rank(); end > 0;) {
    int begin = end - 1;
    if (!reduced(begin)) {
      end = begin;
      continue;
    }
    while (begin > 0 && reduced(begin - 1)) --begin;
    std::int64_t outer = 1, count = 1, inner = 1;
    for (int axis = 0; axis < begin; ++axis) outer *= current[axis];
    for (int axis = begin; axis < end; ++axis) {
      count *= current[axis];
      current[axis] = 1;
    }
    for (int axis = end; axis < t.rank(); ++axis) inner *= current[axis];
    Tensor next = make_tensor(current, t.dtype());
    kernels::reduce_sum(t.dtype(), sum.impl()->data, next.impl()->data, outer, count, inner);
    sum = std::move(next);
    end = begin;
  }
  return record("sum_to", {t}, make_view(sum, shape),
                [from = t.shape()](const Tensor& dy) { return Grads{broadcast(dy, from)}; });
}

Tensor broadcast(const Tensor& t, const Shape& shape) {
  if (t.shape() == shape) return t;
  Tensor out = make_tensor(shape, t.dtype());
  kernels::strided_copy(t.dtype(), shape, t.impl()->data, kernels::broadcast_strides(t.shape(), shape),
                        out.impl()->data);
  return record("broadcast_to", {t}, out, [to = t.shape()](const Tensor& dy) { return Grads{sum_to(dy, to)}; });
}

}  // namespace xtape::detail
