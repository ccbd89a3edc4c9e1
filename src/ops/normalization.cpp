#include "xtape/ops/normalization.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/normalize.hpp"
#include "ops/elementwise.hpp"
#include "ops/fused_gradient.hpp"
#include "ops/in_float32.hpp"
#include "ops/reduction_plan.hpp"
#include "tape/accumulate.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::nn {
namespace {

using detail::fail;
using detail::launch;
using detail::Read;
using detail::Write;

void check_floating(const char* op, const Tensor& x) { detail::expect_floating(op, x.dtype()); }

/// Checks gamma or beta: empty, or of x's dtype and the given shape.
void check_parameter(const char* op, const char* name, const Tensor& parameter, const Tensor& x, const Shape& shape) {
  if (!parameter.defined()) return;
  if (parameter.dtype() != x.dtype()) {
    fail<TypeError>(op, "dtypes differ: {} and {} ({}), cast one of them, as cast({}, {})", x.dtype(),
                    parameter.dtype(), name, name, x.dtype());
  }
  if (parameter.shape() != shape) {
    fail<ValueError>(op, "expected {} of shape {} for x of shape {}, received {}", name, shape, x.shape(),
                     parameter.shape());
  }
}

/// An array [rows, n] whose rows (layer_norm) or columns (batch_norm_training) are normalised.
struct Layout {
  std::int64_t rows, n;
};

/// The gradients for x, gamma and beta in public ops: with g = dy gamma and h = (x - mean) scale, dx is
/// scale (g - mean(g) - h mean(g h)) with the means over `axes`; those of gamma and beta are summed to their shapes.
Grads public_gradients(const Tensor& dy, const Tensor& x, const Tensor& gamma, const Axes& axes, double epsilon) {
  const Tensor centered = x - reduce_mean(x, axes, true);
  const Tensor scale = rsqrt(reduce_mean(square(centered), axes, true) + epsilon), h = centered * scale;
  const Tensor g = gamma.defined() ? dy * gamma : dy;
  return Grads{scale * (g - reduce_mean(g, axes, true) - h * reduce_mean(g * h, axes, true)), dy * h, dy};
}

/// The derivative of x normalised over `axes`, times gamma, plus beta, when they move by t.
Tensor public_tangent(Tangents t, const Tensor& x, const Tensor& gamma, const Axes& axes, double epsilon) {
  const Tensor centered = x - reduce_mean(x, axes, true);
  const Tensor scale = rsqrt(reduce_mean(square(centered), axes, true) + epsilon), h = centered * scale;
  Tensor tangent;
  if (t[0].defined()) {
    tangent = scale * (t[0] - reduce_mean(t[0], axes, true) - h * reduce_mean(t[0] * h, axes, true));
    if (gamma.defined()) tangent = tangent * gamma;
  }
  if (t[1].defined()) tangent = tangent.defined() ? tangent + h * t[1] : h * t[1];
  if (t[2].defined()) tangent = tangent.defined() ? tangent + t[2] : t[2];
  return tangent;
}

/// layer_norm over the last axis, with gamma and beta of one axis or empty.
Tensor layer_norm_rows(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon) {
  const std::int64_t n = x.shape().back(), rows = n == 0 ? 0 : x.size() / n;
  Tensor y = detail::make_tensor(x.shape(), x.dtype());
  Tensor mean = detail::make_tensor({rows}, x.dtype()), scale = detail::make_tensor({rows}, x.dtype());
  launch(
      [rows, n, epsilon](Read x, Read gamma, Read beta, Write y, Write mean, Write scale) {
        kernels::visit_floating(x.dtype(), [&]<class T>(kernels::Type<T>) {
          kernels::layer_norm(x.data<T>(), gamma.data<T>(), beta.data<T>(), y.data<T>(), mean.data<T>(),
                              scale.data<T>(), rows, n, epsilon);
        });
      },
      x, gamma, beta, y, mean, scale);
  return record(
      "layer_norm", {x, gamma, beta}, std::move(y),
      [&] {
        return [x, gamma, mean, scale, rows, n, epsilon](const Tensor& dy, Needs need) {
          const auto fused = [&] {
            Tensor dx, dgamma, dbeta;
            if (need[0]) dx = detail::make_tensor(x.shape(), x.dtype());
            if (need[1] || need[2]) {
              dgamma = detail::make_tensor({n}, x.dtype());
              dbeta = detail::make_tensor({n}, x.dtype());
            }
            launch(
                [rows, n](Read dy, Read x, Read gamma, Read mean, Read scale, Write dx, Write dgamma, Write dbeta) {
                  kernels::visit_floating(dy.dtype(), [&]<class T>(kernels::Type<T>) {
                    kernels::layer_norm_grad(dy.data<T>(), x.data<T>(), gamma.data<T>(), mean.data<T>(),
                                             scale.data<T>(), dx.data<T>(), dgamma.data<T>(), dbeta.data<T>(), rows, n);
                  });
                },
                dy, x, gamma, mean, scale, dx, dgamma, dbeta);
            return Grads{dx, need[1] ? dgamma : Tensor(), need[2] ? dbeta : Tensor()};
          };
          return detail::fused_or_ops({dy, x, gamma}, fused,
                                      [&] { return public_gradients(dy, x, gamma, -1, epsilon); });
        };
      },
      [&](Tangents t) { return public_tangent(t, x, gamma, -1, epsilon); });
}

}  // namespace

Tensor l2_normalize(const Tensor& x, const Axes& axes, double epsilon) {
  XTAPE_NOTE(nn::l2_normalize, x, axes, epsilon);
  check_floating("l2_normalize", x);
  detail::reduction_plan("l2_normalize", x.shape(), axes);
  return x / maximum(norm(x, {}, axes, true), std::sqrt(std::max(epsilon, 0.0)));
}

std::pair<Tensor, Tensor> moments(const Tensor& x, const Axes& axes, bool keepdims) {
  XTAPE_NOTE(nn::moments, x, axes, keepdims);
  check_floating("moments", x);
  detail::reduction_plan("moments", x.shape(), axes);
  return {reduce_mean(x, axes, keepdims), reduce_variance(x, axes, keepdims)};
}

Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, const LayerNormOptions& options) {
  XTAPE_NOTE(nn::layer_norm, x, gamma, beta, options);
  check_floating("layer_norm", x);
  const detail::ReductionPlan plan = detail::reduction_plan("layer_norm", x.shape(), options.axes);
  detail::PoolVector<std::int64_t> normalized, leading;
  for (int i = 0; i < x.rank(); ++i) {
    const bool reduced = plan.reduced[static_cast<std::size_t>(i)] != 0;
    (reduced ? normalized : leading).push_back(x.shape()[i]);
  }
  check_parameter("layer_norm", "gamma", gamma, x, Shape(normalized));
  check_parameter("layer_norm", "beta", beta, x, Shape(normalized));
  if (x.dtype() == bfloat16) return detail::in_float32(layer_norm, x, gamma, beta, options);
  const bool last = std::is_sorted(plan.reduced.begin(), plan.reduced.end());
  if (last && normalized.size() == 1) return layer_norm_rows(x, gamma, beta, options.epsilon);
  if (last) {
    leading.push_back(plan.count);
    const auto flat = [&](const Tensor& t) { return t.defined() ? reshape(t, {plan.count}) : t; };
    return reshape(layer_norm_rows(reshape(x, Shape(leading)), flat(gamma), flat(beta), options.epsilon), x.shape());
  }
  // The shape of gamma and beta, with size 1 for axes that are not normalised.
  Shape broadcast = x.shape();
  for (int i = 0; i < x.rank(); ++i) broadcast[i] = plan.reduced[static_cast<std::size_t>(i)] != 0 ? x.shape()[i] : 1;
  const Tensor centered = x - reduce_mean(x, options.axes, true);
  Tensor factor = rsqrt(reduce_variance(x, options.axes, true) + options.epsilon);
  if (gamma.defined()) factor = factor * reshape(gamma, broadcast);
  const Tensor y = centered * factor;
  return beta.defined() ? y + reshape(beta, broadcast) : y;
}

Tensor batch_norm(const Tensor& x, const Tensor& mean_, const Tensor& variance_, const Tensor& offset_,
                  const Tensor& scale_, double epsilon) {
  XTAPE_NOTE(nn::batch_norm, x, mean_, variance_, offset_, scale_, epsilon);
  check_floating("batch_norm", x);
  const auto fitting = [&x](const Tensor& t) {
    if (!t.defined()) return t;
    detail::common_dtype("batch_norm", x, t);
    detail::broadcast_shape("batch_norm", x.shape(), t.shape());
    return detail::strong(t, x.dtype());
  };
  const Tensor mean = fitting(mean_), offset = fitting(offset_), scale = fitting(scale_);
  Tensor factor = rsqrt(fitting(variance_) + epsilon);
  if (scale.defined()) factor = factor * scale;
  // As in TensorFlow: one multiplication and one addition for each element of x.
  const Tensor rest = offset.defined() ? offset - mean * factor : -(mean * factor);
  return x * factor + rest;
}

BatchNorm batch_norm_training(const Tensor& x, const Tensor& scale, const Tensor& offset, double epsilon) {
  XTAPE_NOTE(nn::batch_norm_training, x, scale, offset, epsilon);
  const char* op = "batch_norm_training";
  check_floating(op, x);
  if (x.rank() < 1) fail<ValueError>(op, "expected x of rank 1 or more, received shape {}", x.shape());
  const std::int64_t n = x.shape().back(), rows = n == 0 ? 0 : x.size() / n;
  check_parameter(op, "scale", scale, x, {n});
  check_parameter(op, "offset", offset, x, {n});
  if (x.dtype() == bfloat16) return detail::in_float32(batch_norm_training, x, scale, offset, epsilon);
  Tensor outputs[3] = {detail::make_tensor(x.shape(), x.dtype()), detail::make_tensor({n}, x.dtype()),
                       detail::make_tensor({n}, x.dtype())};
  const Tensor inverse = detail::make_tensor({n}, x.dtype());
  const Tensor factors = scale.defined() ? detail::make_tensor({n}, x.dtype()) : Tensor();
  launch(
      [rows, n, epsilon](Read x, Read scale, Read offset, Write y, Write means, Write variances, Write inverses,
                         Write factors) {
        kernels::visit_floating(x.dtype(), [&]<class T>(kernels::Type<T>) {
          T *mean = means.data<T>(), *variance = variances.data<T>(), *inv = inverses.data<T>();
          kernels::column_moments(x.data<T>(), mean, variance, rows, n);
          for (std::int64_t i = 0; i < n; ++i) inv[i] = T(1) / std::sqrt(variance[i] + static_cast<T>(epsilon));
          const T* factor = inv;
          if (scale.defined()) {
            T* const scaled = factors.data<T>();
            for (std::int64_t i = 0; i < n; ++i) scaled[i] = inv[i] * scale.data<T>()[i];
            factor = scaled;
          }
          kernels::normalize_columns(x.data<T>(), mean, factor, offset.data<T>(), y.data<T>(), rows, n);
        });
      },
      x, scale, offset, outputs[0], outputs[1], outputs[2], inverse, factors);
  record(
      op, {x, scale, offset}, std::span<Tensor>(outputs),
      [&] {
        return [x, scale, mean = outputs[1], inverse, rows, n, epsilon](std::span<const Tensor> dys) {
          const Tensor& dy = dys[0];
          const auto fused = [&] {
            Tensor dx = detail::make_tensor(x.shape(), x.dtype());
            Tensor dscale = detail::make_tensor({n}, x.dtype()), doffset = detail::make_tensor({n}, x.dtype());
            launch(
                [rows, n](Read dy, Read x, Read scale, Read mean, Read inverse, Write dx, Write dscale, Write doffset) {
                  kernels::visit_floating(dy.dtype(), [&]<class T>(kernels::Type<T>) {
                    kernels::batch_norm_grad(dy.data<T>(), x.data<T>(), scale.data<T>(), mean.data<T>(),
                                             inverse.data<T>(), dx.data<T>(), dscale.data<T>(), doffset.data<T>(), rows,
                                             n);
                  });
                },
                dy, x, scale, mean, inverse, dx, dscale, doffset);
            return Grads{dx, dscale, doffset};
          };
          const auto by_ops = [&] {
            Grads grads = public_gradients(reshape(dy, {rows, n}), reshape(x, {rows, n}), scale, 0, epsilon);
            grads[0] = reshape(grads[0], x.shape());
            return grads;
          };
          Grads grads{Tensor(), Tensor(), Tensor()};
          if (dy.defined()) grads = detail::fused_or_ops({dy, x, scale}, fused, by_ops);
          const auto add = [&](const Tensor& more) { grads[0] = grads[0].defined() ? grads[0] + more : more; };
          const double share = 1 / static_cast<double>(rows);
          if (dys[1].defined()) add(broadcast_to(dys[1] * share, x.shape()));
          if (dys[2].defined()) add(dys[2] * (2 * share) * (x - mean));
          return grads;
        };
      },
      [&](Tangents t) {
        Tensors all(3);
        const Tensor flat = reshape(x, {rows, n}), moving = t[0].defined() ? reshape(t[0], {rows, n}) : Tensor();
        const Tensor tangents[] = {moving, t[1], t[2]};
        const Tensor tangent = public_tangent(tangents, flat, scale, 0, epsilon);
        all[0] = tangent.shape() == flat.shape() ? reshape(tangent, x.shape()) : tangent;
        if (moving.defined()) {
          all[1] = reduce_mean(moving, 0);
          all[2] = reduce_mean((flat - outputs[1]) * moving, 0) * 2;
        }
        return all;
      });
  return {outputs[0], outputs[1], outputs[2]};
}

}  // namespace xtape::nn
