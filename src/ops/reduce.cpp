#include "xtape/ops/reduce.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "core/reduce_axes.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/parallel.hpp"
#include "kernels/reduce.hpp"
#include "ops/forward_rules.hpp"
#include "ops/fused_gradient.hpp"
#include "ops/reduction_plan.hpp"
#include "tape/accumulate.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {

using detail::launch;
using detail::Read;
using detail::ReductionPlan;
using detail::Write;

Axes Axes::from_config(const ConfigValue& value) {
  if (value.is_none()) return {};
  return detail::value_as<std::vector<int>>(value);
}

ReductionPlan detail::reduction_plan(const char* op, const Shape& shape, const Axes& axes) {
  ReductionPlan plan;
  plan.reduced.assign(static_cast<std::size_t>(shape.rank()), axes.all() ? 1 : 0);
  for (const int axis : axes.axes()) {
    const auto i = static_cast<std::size_t>(detail::normal_axis(op, axis, shape.rank()));
    if (plan.reduced[i] != 0) detail::fail<ValueError>(op, "axis {} is named twice", axis);
    plan.reduced[i] = 1;
  }
  plan.kept = shape;
  detail::PoolVector<std::int64_t> squeezed;
  for (int i = 0; i < shape.rank(); ++i) {
    if (plan.reduced[static_cast<std::size_t>(i)] != 0) {
      plan.count *= shape[i];
      plan.kept[i] = 1;
    } else {
      squeezed.push_back(shape[i]);
    }
  }
  plan.squeezed = Shape(squeezed);
  return plan;
}

namespace {

using Kernel = detail::ReductionKernel;

/// The reduced axes keep size 1. Always a new tensor.
Tensor run(Kernel kernel, const Tensor& x, const ReductionPlan& plan) {
  Tensor y = detail::reduce_axes(
      kernel, x, [&](int axis) { return plan.reduced[static_cast<std::size_t>(axis)] != 0; }, "reduce");
  return y.is_same(x) ? detail::copy(x) : y;
}

}  // namespace

Tensor detail::euclidean_norm(const Tensor& x, const ReductionPlan& plan) {
  const bool none = std::find(plan.reduced.begin(), plan.reduced.end(), 1) == plan.reduced.end();
  return none ? abs(x) : run(&kernels::reduce_norm, x, plan);  // the norm of norms is the norm of all
}

namespace {

const Tensor& numbers_only(const char* op, const Tensor& x) {
  detail::expect_numeric(op, x.dtype());
  return x;
}

/// The result with or without the reduced axes. With them it broadcasts to x in gradients.
Tensor shaped(const Tensor& kept, const ReductionPlan& plan, bool keepdims) {
  return keepdims ? kept : detail::make_view(kept, plan.squeezed);
}

/// The gradient of such a result, with the reduced axes.
Tensor in_kept_form(const Tensor& dy, const Shape& kept) { return dy.shape() == kept ? dy : reshape(dy, kept); }

void check_elements(const char* op, const ReductionPlan& plan, const Shape& shape) {
  if (plan.count == 0 && plan.kept.numel() != 0) {
    detail::fail<ValueError>(op, "there is no element to choose: shape {} has a reduced axis of size 0", shape);
  }
}

Tensor extreme(const char* op, Kernel kernel, const Tensor& x, const Axes& axes, bool keepdims) {
  const ReductionPlan plan = detail::reduction_plan(op, numbers_only(op, x).shape(), axes);
  check_elements(op, plan, x.shape());
  const Tensor y = run(kernel, x, plan);
  return detail::record_reduction(op, x, shaped(y, plan, keepdims), axes, keepdims, [&] {
    return [x, y, plan](const Tensor& dy) {
      detail::PoolVector<int> reduced;
      for (int i = 0; i < x.rank(); ++i) {
        if (plan.reduced[static_cast<std::size_t>(i)] != 0) reduced.push_back(i);
      }
      const Tensor attained = cast(equal(x, y), x.dtype());
      return Grads{attained / reduce_sum(attained, std::move(reduced), true) * in_kept_form(dy, plan.kept)};
    };
  });
}

Tensor logic(const char* op, Kernel kernel, const Tensor& x, const Axes& axes, bool keepdims, bool neutral) {
  detail::expect_boolean(op, x.dtype());
  const ReductionPlan plan = detail::reduction_plan(op, x.shape(), axes);
  if (plan.count == 0) return detail::filled(keepdims ? plan.kept : plan.squeezed, boolean, neutral);
  return shaped(run(kernel, x, plan), plan, keepdims);
}

Tensor index_of(const char* op, decltype(&kernels::reduce_argmax) kernel, const Tensor& x, int axis_) {
  const int axis = detail::normal_axis(op, axis_, x.rank());
  detail::PoolVector<std::int64_t> sizes;
  std::int64_t outer = 1, inner = 1;
  for (int i = 0; i < x.rank(); ++i) {
    if (i < axis) outer *= x.shape()[i];
    if (i > axis) inner *= x.shape()[i];
    if (i != axis) sizes.push_back(x.shape()[i]);
  }
  const std::int64_t count = x.shape()[axis];
  if (count == 0 && outer * inner > 0) {
    detail::fail<ValueError>(op, "there is no element to choose: axis {} of shape {} has size 0", axis_, x.shape());
  }
  Tensor out = detail::make_tensor(Shape(sizes), int64, op);
  launch([kernel, outer, count, inner](
             Read from, Write to) { kernel(from.dtype(), from.bytes(), to.data<std::int64_t>(), outer, count, inner); },
         x, out);
  return record_no_gradient(op, {x}, std::move(out));
}

}  // namespace

Tensor reduce_sum(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(reduce_sum, x, axes, keepdims);
  const ReductionPlan plan = detail::reduction_plan("reduce_sum", numbers_only("reduce_sum", x).shape(), axes);
  const Tensor y = shaped(run(&kernels::reduce_sum, x, plan), plan, keepdims);
  return record(
      "reduce_sum", {x}, y,
      [&] {
        return [from = x.shape(), kept = plan.kept](const Tensor& dy) {
          return Grads{detail::broadcast(in_kept_form(dy, kept), from)};
        };
      },
      [&](const Tensor& t) { return reduce_sum(t, axes, keepdims); });
}

namespace {

/// dy / n in all elements: the gradient of the mean of all elements, not recorded.
Tensor spread(const Tensor& dy, const Shape& shape) {
  Tensor dx = detail::make_tensor(shape, dy.dtype());
  launch(
      [](Read dy, Write dx) {
        kernels::visit_floating(dy.dtype(), [&]<class T>(kernels::Type<T>) {
          const std::int64_t n = dx.size();
          const T share = *dy.data<T>() / static_cast<T>(n);
          T* to = dx.data<T>();
          kernels::parallel_for(n, kernels::elementwise_grain,
                                [=](std::int64_t begin, std::int64_t end) { std::fill(to + begin, to + end, share); });
        });
      },
      dy, dx);
  return dx;
}

/// The mean of all elements, in one kernel because most losses end with it.
Tensor mean_of_all(const Tensor& x) {
  Tensor y = detail::make_tensor({}, x.dtype(), "reduce_mean");
  launch(
      [](Read x, Write y) {
        kernels::visit_floating(x.dtype(), [&]<class T>(kernels::Type<T>) {
          const std::int64_t n = x.size();
          T* mean = y.data<T>();
          kernels::reduce_sum(x.dtype(), x.bytes(), mean, 1, n, 1);
          *mean /= static_cast<T>(n);
        });
      },
      x, y);
  return record(
      "reduce_mean", {x}, std::move(y),
      [&] {
        return [from = x.shape()](const Tensor& dy) {
          return detail::fused_or_ops(
              {dy}, [&] { return Grads{spread(dy, from)}; },
              [&] { return Grads{detail::broadcast(dy / static_cast<double>(from.numel()), from)}; });
        };
      },
      [](const Tensor& t) { return mean_of_all(t); });
}

}  // namespace

Tensor reduce_mean(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(reduce_mean, x, axes, keepdims);
  detail::expect_floating("reduce_mean", x.dtype());
  if (axes.all() && !keepdims && x.dtype() != bfloat16 && x.rank() > 0) return mean_of_all(x);
  const ReductionPlan plan = detail::reduction_plan("reduce_mean", x.shape(), axes);
  const auto n = static_cast<double>(plan.count);
  const Tensor y = shaped(run(&kernels::reduce_sum, x, plan), plan, keepdims) / n;
  return record(
      "reduce_mean", {x}, y,
      [&] {
        return [from = x.shape(), kept = plan.kept, n](const Tensor& dy) {
          return Grads{detail::broadcast(in_kept_form(dy / n, kept), from)};
        };
      },
      [&](const Tensor& t) { return reduce_mean(t, axes, keepdims); });
}

Tensor reduce_prod(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(reduce_prod, x, axes, keepdims);
  const ReductionPlan plan = detail::reduction_plan("reduce_prod", numbers_only("reduce_prod", x).shape(), axes);
  if (!is_floating(x.dtype())) return shaped(run(&kernels::reduce_prod, x, plan), plan, keepdims);
  // Multiplies one half of the elements with the other, repeatedly, in public ops. So the gradient needs no division,
  // and derivatives of every order are right if elements are zero.
  Tensor y = x;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (plan.reduced[static_cast<std::size_t>(axis)] == 0) continue;
    if (x.shape()[axis] == 0) {
      return record(
          "reduce_prod", {x}, detail::filled(keepdims ? plan.kept : plan.squeezed, x.dtype(), 1),
          [&] { return [none = detail::filled(x.shape(), x.dtype(), 0)](const Tensor&) { return Grads{none}; }; },
          [](const Tensor&) { return Tensor(); });
    }
    for (std::int64_t n = x.shape()[axis]; n > 1; n = (n + 1) / 2) {
      const Tensor product = slice_axis(y, axis, 0, n / 2) * slice_axis(y, axis, n / 2, n / 2);
      y = n % 2 == 0 ? product : concat({product, slice_axis(y, axis, n - 1, 1)}, axis);
    }
  }
  return keepdims ? (y.is_same(x) ? reshape(x, plan.kept) : y) : reshape(y, plan.squeezed);
}

Tensor reduce_max(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(reduce_max, x, axes, keepdims);
  return extreme("reduce_max", &kernels::reduce_max, x, axes, keepdims);
}
Tensor reduce_min(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(reduce_min, x, axes, keepdims);
  return extreme("reduce_min", &kernels::reduce_min, x, axes, keepdims);
}
Tensor reduce_all(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(reduce_all, x, axes, keepdims);
  return logic("reduce_all", &kernels::reduce_min, x, axes, keepdims, true);
}
Tensor reduce_any(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(reduce_any, x, axes, keepdims);
  return logic("reduce_any", &kernels::reduce_max, x, axes, keepdims, false);
}

Tensor argmax(const Tensor& x, int axis) {
  XTAPE_NOTE(argmax, x, axis);
  return index_of("argmax", &kernels::reduce_argmax, x, axis);
}
Tensor argmin(const Tensor& x, int axis) {
  XTAPE_NOTE(argmin, x, axis);
  return index_of("argmin", &kernels::reduce_argmin, x, axis);
}

}  // namespace xtape
