// Reductions, scans and sorting along axes.
#include <algorithm>
#include <numeric>

#include "onnx/import_ops.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/scan.hpp"
#include "xtape/ops/sort.hpp"
#include "xtape/ops/statistics.hpp"

namespace xtape::detail {
namespace {

using Call = const OnnxImportCall&;

struct Reduction {
  Axes axes;
  bool keepdims, nothing = false;
};

Reduction reduction(Call call) {
  const Tensor& x = call.x();
  const auto given = call.integers_of(1, "axes");
  const bool keepdims = call.flag("keepdims", true);
  if (!given || given->empty()) return {Axes(), keepdims, call.flag("noop_with_empty_axes")};
  std::vector<int> axes;
  for (const auto axis : *given) axes.push_back(call.place(axis, x.rank()));
  return {Axes(axes), keepdims};
}

using Reduce = Tensor (*)(const Tensor&, const Axes&, bool);

template <Reduce reduce>
TensorList reduced(Call call) {
  const auto [axes, keepdims, nothing] = reduction(call);
  return nothing ? call.x() : reduce(call.x(), axes, keepdims);
}

/// reduce(before(x)), with `before` also where there are no axes.
template <Reduce reduce, Tensor (*before)(const Tensor&)>
TensorList reduced_of(Call call) {
  const auto [axes, keepdims, nothing] = reduction(call);
  const Tensor x = before(call.x());
  return nothing ? x : reduce(x, axes, keepdims);
}

/// log(sum(exp(x))), from the largest element, so that nothing overflows.
Tensor log_sum_exp(const Tensor& x, const Axes& axes, bool keepdims) { return reduce_logsumexp(x, axes, keepdims); }
Tensor log_sum(const Tensor& x, const Axes& axes, bool keepdims) { return log(reduce_sum(x, axes, keepdims)); }
Tensor norm(const Tensor& x, const Axes& axes, bool keepdims) {
  const bool floating = is_floating(x.dtype());
  const Tensor wide = floating ? x : cast(x, float64);
  const Tensor y = sqrt(reduce_sum(square(wide), axes, keepdims));
  return floating ? y : cast(y, x.dtype());
}
Tensor mean(const Tensor& x, const Axes& axes, bool keepdims) {
  if (is_floating(x.dtype())) return reduce_mean(x, axes, keepdims);
  return cast(reduce_mean(cast(x, float64), axes, keepdims), x.dtype());
}
/// Of bools: whether any, or all, are true. Of no elements: the identity of the operation.
Tensor largest(const Tensor& x, const Axes& axes, bool keepdims) {
  return x.dtype() == boolean ? reduce_any(x, axes, keepdims) : reduce_max(x, axes, keepdims);
}
Tensor smallest(const Tensor& x, const Axes& axes, bool keepdims) {
  return x.dtype() == boolean ? reduce_all(x, axes, keepdims) : reduce_min(x, axes, keepdims);
}

template <Tensor (*find)(const Tensor&, int)>
TensorList place_of(Call call) {
  const Tensor& x = call.x();
  const int axis = call.place(call.integer("axis", 0), x.rank());
  Tensor place;
  if (call.flag("select_last_index")) {
    const Tensor last = constant(x.shape()[axis] - 1, int64);
    place = last - find(reverse(x, {axis}), axis);
  } else {
    place = find(x, axis);
  }
  return call.flag("keepdims", true) ? expand_dims(place, axis) : place;
}

TensorList cumulative_sum(Call call) {
  const int axis = call.axis(call.one_integer(1), call.x().rank());
  return cumsum(call.x(), axis, {.exclusive = call.flag("exclusive"), .reverse = call.flag("reverse")});
}

TensorList largest_elements(Call call) {
  const Tensor& x = call.x();
  const int axis = call.axis(call.integer("axis", -1), x.rank());
  const std::int64_t k = call.has(1) ? call.one_integer(1) : call.integer("k", 1);
  if (k < 0 || k > x.shape()[axis]) call.refuse("expected a k of at most {}, received {}", x.shape()[axis], k);
  const bool from_largest = call.flag("largest", true);
  const Tensor last = axis == x.rank() - 1 ? x : moveaxis(x, axis, -1);
  if (from_largest) {
    const TopK top = top_k(last, k);
    return {moveaxis(top.values, -1, axis), moveaxis(top.indices, -1, axis)};
  }
  const Tensor order = slice_axis(argsort(last, -1), -1, 0, k);
  const Tensor values = slice_axis(sort(last, -1), -1, 0, k);
  return {moveaxis(values, -1, axis), moveaxis(order, -1, axis)};
}

constexpr OnnxImportOp reducing(const char* op, TensorList (*run)(Call)) {
  return {op, run, 1, 2, input_bits(1), 0, 0, OnnxLayout::axes};
}

constexpr OnnxImportOp table[] = {
    {"ArgMax", place_of<argmax>, 1, 1, 0, 0, 0, OnnxLayout::axes},
    {"ArgMin", place_of<argmin>, 1, 1, 0, 0, 0, OnnxLayout::axes},
    {"CumSum", cumulative_sum, 2, 2, input_bits(1)},
    reducing("ReduceL1", reduced_of<reduce_sum, abs>),
    reducing("ReduceL2", reduced<norm>),
    reducing("ReduceLogSum", reduced<log_sum>),
    reducing("ReduceLogSumExp", reduced<log_sum_exp>),
    reducing("ReduceMax", reduced<largest>),
    reducing("ReduceMean", reduced<mean>),
    reducing("ReduceMin", reduced<smallest>),
    reducing("ReduceProd", reduced<reduce_prod>),
    reducing("ReduceSum", reduced<reduce_sum>),
    reducing("ReduceSumSquare", reduced_of<reduce_sum, square>),
    {"TopK", largest_elements, 1, 2, input_bits(1)},
};

}  // namespace

std::span<const OnnxImportOp> imported_reduction_ops() { return table; }

}  // namespace xtape::detail
