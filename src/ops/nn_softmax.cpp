#include "kernels/softmax.hpp"

#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "ops/elementwise.hpp"
#include "ops/in_float32.hpp"
#include "ops/logits.hpp"
#include "ops/through_last_axis.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record_forward.hpp"

// Softmax, and the cross-entropies that contain it.
namespace xtape {

using detail::fail;
using detail::launch;
using detail::LaunchKind;
using detail::Read;
using detail::Write;

namespace {

/// Calls f(type, rows, n) for the rows along x's last axis; bfloat16 is computed in float32.
template <class F>
void for_last_axis(Read x, F&& f) {
  const std::int64_t n = x.shape().back(), rows = n == 0 ? 0 : x.size() / n;
  kernels::visit_floating(x.dtype(), [&](auto type) { f(type, rows, n); });
}

void check_floating(const char* op, const Tensor& x) { detail::expect_floating(op, x.dtype()); }

/// y (dy - sum(dy y)) along the last axis, the gradient of softmax. It is linear in dy and symmetric, so its gradient
/// for dy is the same function.
Tensor softmax_grad(const Tensor& dy, const Tensor& y) {
  Tensor dx = detail::make_tensor(y.shape(), y.dtype());
  launch(
      [](Read dy, Read y, Write dx) {
        for_last_axis(y, [&]<class T>(kernels::Type<T>, std::int64_t rows, std::int64_t n) {
          kernels::softmax_grad(dy.data<T>(), y.data<T>(), dx.data<T>(), rows, n);
        });
      },
      dy, y, dx);
  return record(
      "softmax_grad", {dy, y}, std::move(dx),
      [&] {
        return [dy, y](const Tensor& g, Needs need) {
          Tensor for_y;
          if (need[1]) for_y = g * (dy - reduce_sum(dy * y, -1, true)) - dy * reduce_sum(g * y, -1, true);
          return Grads{need[0] ? softmax_grad(g, y) : Tensor(), for_y};
        };
      },
      [&](Tangents t) {
        Tensor tangent;
        if (t[0].defined()) tangent = softmax_grad(t[0], y);
        if (t[1].defined()) {
          const Tensor more = t[1] * (dy - reduce_sum(dy * y, -1, true)) - y * reduce_sum(dy * t[1], -1, true);
          tangent = tangent.defined() ? tangent + more : more;
        }
        return tangent;
      });
}

Tensor softmax_last(const Tensor& x) {
  if (x.dtype() == bfloat16) return detail::in_float32(softmax_last, x);
  Tensor y = detail::make_tensor(x.shape(), x.dtype());
  launch(
      [](Read x, Write y) {
        for_last_axis(x, [&]<class T>(kernels::Type<T>, std::int64_t rows, std::int64_t n) {
          kernels::softmax(x.data<T>(), y.data<T>(), rows, n);
        });
      },
      x, y);
  detail::remember_softmax(y, x);
  return record(
      "softmax", {x}, y, [&] { return [y](const Tensor& dy) { return Grads{softmax_grad(dy, y)}; }; },
      [&](const Tensor& t) { return softmax_grad(t, y); });
}

Tensor log_softmax_last(const Tensor& x) {
  if (x.dtype() == bfloat16) return detail::in_float32(log_softmax_last, x);
  Tensor y = detail::make_tensor(x.shape(), x.dtype());
  launch(
      [](Read x, Write y) {
        for_last_axis(x, [&]<class T>(kernels::Type<T>, std::int64_t rows, std::int64_t n) {
          kernels::log_softmax(x.data<T>(), y.data<T>(), rows, n);
        });
      },
      x, y);
  return record(
      "log_softmax", {x}, y,
      [&] { return [y](const Tensor& dy) { return Grads{dy - exp(y) * reduce_sum(dy, -1, true)}; }; },
      [&](const Tensor& t) { return t - reduce_sum(exp(y) * t, -1, true); });
}

/// dy [...] as [..., 1], to scale rows.
Tensor column(const Tensor& dy) { return expand_dims(dy, -1); }

}  // namespace

namespace nn {

Tensor softmax(const Tensor& x) {
  XTAPE_NOTE(nn::softmax, x);
  return softmax(x, -1);
}
Tensor log_softmax(const Tensor& x) {
  XTAPE_NOTE(nn::log_softmax, x);
  return log_softmax(x, -1);
}

Tensor softmax(const Tensor& x, int axis) {
  XTAPE_NOTE(nn::softmax, x, axis);
  check_floating("softmax", x);
  return detail::through_last_axis(x, detail::normal_axis("softmax", axis, x.rank()), softmax_last);
}

Tensor log_softmax(const Tensor& x, int axis) {
  XTAPE_NOTE(nn::log_softmax, x, axis);
  check_floating("log_softmax", x);
  return detail::through_last_axis(x, detail::normal_axis("log_softmax", axis, x.rank()), log_softmax_last);
}

namespace {

Shape without_last(const Shape& shape) {
  return Shape(std::span<const std::int64_t>(shape.begin(), static_cast<std::size_t>(shape.rank() - 1)));
}

}  // namespace

Tensor softmax_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits) {
  XTAPE_NOTE(nn::softmax_cross_entropy_with_logits, labels, logits);
  const char* op = "softmax_cross_entropy_with_logits";
  check_floating(op, logits);
  if (logits.rank() < 1 || labels.shape() != logits.shape()) {
    fail<ValueError>(op, "labels and logits must have one shape: {} and {}", labels.shape(), logits.shape());
  }
  if (logits.dtype() == bfloat16) {
    return detail::in_float32(softmax_cross_entropy_with_logits, cast(labels, float32), logits);
  }
  const Tensor y = cast(labels, logits.dtype());
  Tensor outputs[2] = {detail::make_tensor(without_last(logits.shape()), logits.dtype()),
                       detail::make_tensor(logits.shape(), logits.dtype())};
  if (logits.size() == 0) {  // rows without classes
    outputs[0] = detail::filled(outputs[0].shape(), logits.dtype(), 0);
  } else {
    launch(
        [](Read x, Read labels, Write losses, Write probabilities) {
          for_last_axis(x, [&]<class T>(kernels::Type<T>, std::int64_t rows, std::int64_t n) {
            kernels::cross_entropy(x.data<T>(), labels.data<T>(), losses.data<T>(), probabilities.data<T>(), rows, n);
          });
        },
        logits, y, outputs[0], outputs[1]);
  }
  // The probabilities are a second recorded output, so that second derivatives flow through them.
  record(
      op, {y, logits}, outputs,
      [&] {
        return [y, logits, p = outputs[1]](std::span<const Tensor> dys, Needs need) {
          Tensor dlabels, dlogits;
          if (need[0] && dys[0].defined()) dlabels = -(log_softmax(logits) * column(dys[0]));
          if (need[1]) {
            if (dys[0].defined()) dlogits = column(dys[0]) * (p * reduce_sum(y, -1, true) - y);
            if (dys[1].defined()) {
              const Tensor through = softmax_grad(dys[1], p);
              dlogits = dlogits.defined() ? dlogits + through : through;
            }
          }
          return Grads{dlabels, dlogits};
        };
      },
      [&](Tangents t) {
        const Tensor& p = outputs[1];
        Tensors all(2);
        if (t[1].defined()) {
          all[0] = reduce_sum((p * reduce_sum(y, -1, true) - y) * t[1], -1);
          all[1] = softmax_grad(t[1], p);
        }
        if (t[0].defined()) {
          const Tensor more = -reduce_sum(log_softmax(logits) * t[0], -1);
          all[0] = all[0].defined() ? all[0] + more : more;
        }
        return all;
      });
  return outputs[0];
}

namespace {

/// dy (p - onehot(label)) for each row, the gradient of the sparse cross-entropy; linear in dy and p.
Tensor sparse_grad(const Tensor& dy, const Tensor& p, const Tensor& labels) {
  Tensor dx = detail::make_tensor(p.shape(), p.dtype());
  launch(
      [](Read dy, Read p, Read labels, Write dx) {
        for_last_axis(p, [&]<class T>(kernels::Type<T>, std::int64_t rows, std::int64_t n) {
          const T *g = dy.data<T>(), *q = p.data<T>();
          const auto* label = labels.data<std::int64_t>();
          T* out = dx.data<T>();
          for (std::int64_t r = 0; r < rows; ++r) {
            for (std::int64_t i = 0; i < n; ++i) out[r * n + i] = g[r] * q[r * n + i];
            out[r * n + label[r]] -= g[r];
          }
        });
      },
      dy, p, labels, dx);
  return record(
      "sparse_softmax_cross_entropy_grad", {dy, p}, dx,
      [&] {
        return [dy, p, labels](const Tensor& g, Needs need) {
          Tensor ddy, dp;
          if (need[0]) ddy = reduce_sum(g * (p - one_hot(labels, p.shape().back(), p.dtype())), -1);
          if (need[1]) dp = g * column(dy);
          return Grads{ddy, dp};
        };
      },
      [&](Tangents t) {
        Tensor tangent;
        if (t[0].defined()) tangent = sparse_grad(t[0], p, labels);
        if (t[1].defined()) {
          const Tensor more = column(dy) * t[1];
          tangent = tangent.defined() ? tangent + more : more;
        }
        return tangent;
      });
}

}  // namespace

Tensor sparse_softmax_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits) {
  XTAPE_NOTE(nn::sparse_softmax_cross_entropy_with_logits, labels, logits);
  const char* op = "sparse_softmax_cross_entropy_with_logits";
  check_floating(op, logits);
  detail::expect_integer(op, labels.dtype(), "integer labels");
  if (logits.rank() < 1 || labels.shape() != without_last(logits.shape())) {
    fail<ValueError>(op, "expected labels [...] and logits [..., classes]: {} and {}", labels.shape(), logits.shape());
  }
  if (logits.dtype() == bfloat16) return detail::in_float32(sparse_softmax_cross_entropy_with_logits, labels, logits);
  const Tensor y = detail::convert(labels, int64);
  const std::int64_t classes = logits.shape().back();
  Tensor outputs[2] = {detail::make_tensor(y.shape(), logits.dtype()),
                       detail::make_tensor(logits.shape(), logits.dtype())};
  launch(
      LaunchKind::throws,
      [op, classes](Read x, Read labels, Write losses, Write probabilities) {
        const auto* label = labels.data<std::int64_t>();
        for (std::int64_t i = 0; i < labels.size(); ++i) {
          if (label[i] < 0 || label[i] >= classes) {
            fail<IndexError>(op, "label {} at position {} is outside [0, {})", label[i], i, classes);
          }
        }
        for_last_axis(x, [&]<class T>(kernels::Type<T>, std::int64_t rows, std::int64_t n) {
          kernels::sparse_cross_entropy(x.data<T>(), label, losses.data<T>(), probabilities.data<T>(), rows, n);
        });
      },
      logits, y, outputs[0], outputs[1]);
  record(
      op, {logits}, outputs,
      [&] {
        return [y, p = outputs[1]](std::span<const Tensor> dys) {
          Tensor dlogits;
          if (dys[0].defined()) dlogits = sparse_grad(dys[0], p, y);
          if (dys[1].defined()) {
            const Tensor through = softmax_grad(dys[1], p);
            dlogits = dlogits.defined() ? dlogits + through : through;
          }
          return Grads{dlogits};
        };
      },
      [&](Tangents t) {
        const Tensor& p = outputs[1];
        return Tensors{reduce_sum(p * t[0], -1) - reduce_sum(one_hot(y, classes, p.dtype()) * t[0], -1),
                       softmax_grad(t[0], p)};
      });
  return outputs[0];
}

}  // namespace nn
}  // namespace xtape
