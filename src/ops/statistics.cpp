#include "xtape/ops/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/normalize.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"
#include "kernels/softmax.hpp"
#include "ops/elementwise.hpp"
#include "ops/forward_rules.hpp"
#include "ops/fused_gradient.hpp"
#include "ops/in_float32.hpp"
#include "ops/reduction_plan.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/no_recording.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {
namespace {

using detail::ReductionPlan;

constexpr double infinity = std::numeric_limits<double>::infinity();

ReductionPlan make_plan(const char* op, const Tensor& x, const Axes& axes) {
  detail::expect_floating(op, x.dtype());
  return detail::reduction_plan(op, x.shape(), axes);
}

/// The result with or without the reduced axes.
Tensor shaped(const Tensor& kept, const ReductionPlan& plan, bool keepdims) {
  return detail::make_view(kept, keepdims ? plan.kept : plan.squeezed);
}

/// The result of a reduction without elements: `value` everywhere.
Tensor empty_result(const Tensor& x, const ReductionPlan& plan, double value) {
  return detail::filled(plan.kept, x.dtype(), value);
}

/// The gradient of a reduction without elements.
Tensor no_elements(const Tensor& x) { return detail::filled(x.shape(), x.dtype(), 0); }

enum class Part { rows, columns, other };

/// Whether the last axes are reduced, or the first ones.
Part part_of(const ReductionPlan& plan) {
  const auto& reduced = plan.reduced;
  if (std::is_sorted(reduced.begin(), reduced.end())) return Part::rows;
  return std::is_sorted(reduced.rbegin(), reduced.rend()) ? Part::columns : Part::other;
}

/// Not recorded, with the reduced axes kept.
Tensor variance(const Tensor& x, const Axes& axes, const ReductionPlan& plan) {
  if (plan.count == 0) return empty_result(x, plan, std::numeric_limits<double>::quiet_NaN());
  const Part part = part_of(plan);
  const std::int64_t others = plan.kept.numel();
  // For one long row the reductions are used, since they share a row among threads.
  if (part == Part::other || (part == Part::rows && others == 1 && plan.count > kernels::elementwise_grain)) {
    return reduce_mean(square(x - reduce_mean(x, axes, true)), axes, true);
  }
  Tensor mean = detail::make_tensor(plan.kept, x.dtype()), y = detail::make_tensor(plan.kept, x.dtype());
  detail::launch(
      [part, others, count = plan.count](detail::Read from, detail::Write means, detail::Write variances) {
        kernels::visit_floating(from.dtype(), [&]<class T>(kernels::Type<T>) {
          if (part == Part::rows) {
            kernels::row_moments(from.data<T>(), means.data<T>(), variances.data<T>(), others, count);
          } else {
            kernels::column_moments(from.data<T>(), means.data<T>(), variances.data<T>(), count, others);
          }
        });
      },
      x, mean, y);
  return y;
}

Tensor log_sum_exp(const Tensor& x, const Axes& axes, const ReductionPlan& plan) {
  if (plan.count == 0) return empty_result(x, plan, -infinity);
  if (part_of(plan) == Part::rows) {
    Tensor y = detail::make_tensor(plan.kept, x.dtype());
    detail::launch(
        [count = plan.count](detail::Read from, detail::Write to) {
          kernels::visit_floating(from.dtype(), [&]<class T>(kernels::Type<T>) {
            kernels::log_sum_exp(from.data<T>(), to.data<T>(), to.size(), count);
          });
        },
        x, y);
    return y;
  }
  const Tensor largest = reduce_max(x, axes, true);
  const Tensor from = where(abs(largest) == infinity, 0, largest);
  return log(reduce_sum(exp(x - from), axes, true)) + from;
}

/// dy e^(x - total), the gradient of log(sum(e^x)) = total. Where total is infinite it is the limit: equal shares for
/// elements that are +inf, and 0 if all are -inf.
Tensor log_sum_exp_grad(const Tensor& dy, const Tensor& x, const Tensor& total, const Axes& axes) {
  const Tensor infinite = total == infinity;
  const auto fused = [&] {
    const Tensor share =
        detail::map_binary<detail::Domain::floating>("reduce_logsumexp_grad", x, total, [](auto v, auto t) {
          using V = decltype(v);
          const V least(-std::numeric_limits<typename V::value_type>::infinity());
          return select(t == least, V(0), exp(select(v == t, V(0), v - t)));
        });
    return dy / where(infinite, reduce_sum(share, axes, true), 1) * share;
  };
  const auto by_ops = [&] {
    const Tensor attained = cast(x == total, x.dtype()), share = attained / reduce_sum(attained, axes, true);
    const Tensor none = abs(total) == infinity;
    return dy * where(none, where(infinite, share, 0), exp(where(none, 0, x) - where(none, 0, total)));
  };
  return detail::fused_or_ops({dy, x, total}, fused, by_ops);
}

}  // namespace

Tensor reduce_logsumexp(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(reduce_logsumexp, x, axes, keepdims);
  const ReductionPlan plan = make_plan("reduce_logsumexp", x, axes);
  if (x.dtype() == bfloat16) return detail::in_float32(reduce_logsumexp, x, axes, keepdims);
  Tensor y = [&] {
    const detail::NoRecording hidden;
    return shaped(log_sum_exp(x, axes, plan), plan, keepdims);
  }();
  return detail::record_reduction("reduce_logsumexp", x, y, axes, keepdims, [&] {
    return [x, y, axes, kept = plan.kept](const Tensor& dy) {
      return Grads{log_sum_exp_grad(reshape(dy, kept), x, reshape(y, kept), axes)};
    };
  });
}

Tensor reduce_variance(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(reduce_variance, x, axes, keepdims);
  const ReductionPlan plan = make_plan("reduce_variance", x, axes);
  if (x.dtype() == bfloat16) return detail::in_float32(reduce_variance, x, axes, keepdims);
  Tensor y = [&] {
    const detail::NoRecording hidden;
    return shaped(variance(x, axes, plan), plan, keepdims);
  }();
  return detail::record_reduction("reduce_variance", x, y, axes, keepdims, [&] {
    return [x, axes, plan](const Tensor& dy) {
      if (plan.count == 0) return Grads{no_elements(x)};
      const Tensor share = reshape(dy, plan.kept) * (2 / static_cast<double>(plan.count));
      return Grads{share * (x - reduce_mean(x, axes, true))};
    };
  });
}

Tensor reduce_std(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(reduce_std, x, axes, keepdims);
  const ReductionPlan plan = make_plan("reduce_std", x, axes);
  if (x.dtype() == bfloat16) return detail::in_float32(reduce_std, x, axes, keepdims);
  Tensor y = [&] {
    const detail::NoRecording hidden;
    return shaped(sqrt(variance(x, axes, plan)), plan, keepdims);
  }();
  return detail::record_reduction("reduce_std", x, y, axes, keepdims, [&] {
    return [x, y, axes, plan](const Tensor& dy) {
      if (plan.count == 0) return Grads{no_elements(x)};
      const Tensor share =
          divide_no_nan(reshape(dy, plan.kept) * (1 / static_cast<double>(plan.count)), reshape(y, plan.kept));
      return Grads{share * (x - reduce_mean(x, axes, true))};
    };
  });
}

namespace {

/// dsize x / size, and 0 for a size of 0. x / size is computed first, since dsize / size may underflow.
Tensor euclidean_norm_grad(const Tensor& dsize, const Tensor& x, const Tensor& size) {
  const auto fused = [&] {
    return detail::map_ternary<detail::Domain::floating>("norm_grad", x, size, dsize, [](auto v, auto n, auto g) {
      using V = decltype(v);
      return select(n == V(0), V(0), v / n * g);
    });
  };
  return detail::fused_or_ops({dsize, x, size}, fused, [&] { return divide_no_nan(x, size) * dsize; });
}

}  // namespace

NormOrder::NormOrder(double order) : order_(order) {
  if (!(order > 0)) detail::fail<ValueError>("norm", "expected an order above 0, received {}", order);
}

NormOrder::NormOrder(const char* name) : order_(2) {
  const std::string given = name;
  if (given != "euclidean" && given != "fro") {
    detail::fail<ValueError>("norm", "unknown order '{}', expected a number, 'euclidean' or 'fro'", given);
  }
}

Tensor norm(const Tensor& x, const NormOptions& options, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(norm, x, options, axes, keepdims);
  const ReductionPlan plan = make_plan("norm", x, axes);
  if (x.dtype() == bfloat16) return detail::in_float32(norm, x, options, axes, keepdims);
  const double p = options.ord.value();
  if (p == 1 || plan.count == 0) return reduce_sum(abs(x), axes, keepdims);
  if (p == infinity) return reduce_max(abs(x), axes, keepdims);
  Tensor y = [&] {
    const detail::NoRecording hidden;
    if (p == 2) return shaped(detail::euclidean_norm(x, plan), plan, keepdims);
    // The elements are divided by the largest, so that their powers neither overflow nor underflow.
    const Tensor size = abs(x), largest = reduce_max(size, axes, true);
    const Tensor unit = where(logical_and(largest > 0, largest < infinity), largest, 1);
    return shaped(unit * pow(reduce_sum(pow(size / unit, p), axes, true), 1 / p), plan, keepdims);
  }();
  return detail::record_reduction("norm", x, y, axes, keepdims, [&] {
    return [x, y, p, kept = plan.kept](const Tensor& dy) {
      const Tensor size = reshape(y, kept), dsize = reshape(dy, kept);
      if (p == 2) return Grads{euclidean_norm_grad(dsize, x, size)};
      return Grads{dsize * sign(x) * pow(divide_no_nan(abs(x), size), p - 1)};
    };
  });
}

}  // namespace xtape
