#include "xtape/ops/pool.hpp"

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/pool.hpp"
#include "ops/in_float32.hpp"
#include "ops/window.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {
namespace {

using detail::fail;
using detail::launch;
using detail::Read;
using detail::Write;
using kernels::Pool;

Pool problem(const char* op, const Shape& x, Size2d ksize, Size2d strides, Padding padding) {
  return {.batch = x[0],
          .height = detail::make_window(op, "height", x[1], ksize.height, strides.height, 1, padding),
          .width = detail::make_window(op, "width", x[2], ksize.width, strides.width, 1, padding),
          .channels = x[3]};
}

Shape input_shape(const Pool& p) { return {p.batch, p.height.in, p.width.in, p.channels}; }
Shape output_shape(const Pool& p) { return {p.batch, p.height.out, p.width.out, p.channels}; }

Tensor max_pool_gather(const Pool& p, const Tensor& x, const Tensor& taps);

/// The gradient of max_pool, given the index of each result in its window (its tap).
Tensor max_pool_scatter(const Pool& p, const Tensor& dy, const Tensor& taps) {
  Tensor dx = detail::make_tensor(input_shape(p), dy.dtype());
  launch(
      [p](Read dy, Read taps, Write dx) {
        kernels::visit_floating(dy.dtype(), [&]<class T>(kernels::Type<T>) {
          kernels::max_pool_scatter(p, dy.data<T>(), taps.data<std::int32_t>(), dx.data<T>());
        });
      },
      dy, taps, dx);
  return record(
      "max_pool_scatter", {dy}, std::move(dx),
      [&] { return [p, taps](const Tensor& g) { return Grads{max_pool_gather(p, g, taps)}; }; },
      [&](const Tensor& t) { return max_pool_scatter(p, t, taps); });
}

/// Its transpose: the elements of x at the positions that max_pool chose.
Tensor max_pool_gather(const Pool& p, const Tensor& x, const Tensor& taps) {
  Tensor y = detail::make_tensor(output_shape(p), x.dtype());
  launch(
      [p](Read x, Read taps, Write y) {
        kernels::visit_floating(x.dtype(), [&]<class T>(kernels::Type<T>) {
          kernels::max_pool_gather(p, x.data<T>(), taps.data<std::int32_t>(), y.data<T>());
        });
      },
      x, taps, y);
  return record(
      "max_pool_gather", {x}, std::move(y),
      [&] { return [p, taps](const Tensor& g) { return Grads{max_pool_scatter(p, g, taps)}; }; },
      [&](const Tensor& t) { return max_pool_gather(p, t, taps); });
}

Tensor max_pool(const char* op, const Pool& p, const Tensor& x) {
  const bool tracked = is_tracked({x});
  Tensor y = detail::make_tensor(output_shape(p), x.dtype());
  const Tensor taps = tracked ? detail::make_tensor(y.shape(), int32) : Tensor();
  launch(
      [p](Read x, Write y, Write taps) {
        kernels::visit(x.dtype(), [&]<class T>(kernels::Type<T>) {
          if constexpr (!std::is_same_v<T, bool> && !std::is_same_v<T, BFloat16>) {
            kernels::max_pool(p, x.data<T>(), y.data<T>(), taps.data<std::int32_t>());
          }
        });
      },
      x, y, taps);
  if (!tracked) return y;
  return record(
      op, {x}, std::move(y),
      [&] { return [p, taps](const Tensor& dy) { return Grads{max_pool_scatter(p, dy, taps)}; }; },
      [&](const Tensor& t) { return max_pool_gather(p, t, taps); });
}

Tensor avg_pool(const char* op, const Pool& p, const Tensor& x);

Tensor avg_pool_scatter(const Pool& p, const Tensor& dy) {
  Tensor dx = detail::make_tensor(input_shape(p), dy.dtype());
  launch(
      [p](Read dy, Write dx) {
        kernels::visit_floating(
            dy.dtype(), [&]<class T>(kernels::Type<T>) { kernels::avg_pool_scatter(p, dy.data<T>(), dx.data<T>()); });
      },
      dy, dx);
  return record(
      "avg_pool_scatter", {dy}, std::move(dx),
      [&] { return [p](const Tensor& g) { return Grads{avg_pool("avg_pool", p, g)}; }; },
      [&](const Tensor& t) { return avg_pool_scatter(p, t); });
}

Tensor avg_pool(const char* op, const Pool& p, const Tensor& x) {
  Tensor y = detail::make_tensor(output_shape(p), x.dtype());
  launch(
      [p](Read x, Write y) {
        kernels::visit_floating(x.dtype(),
                                [&]<class T>(kernels::Type<T>) { kernels::avg_pool(p, x.data<T>(), y.data<T>()); });
      },
      x, y);
  return record(
      op, {x}, std::move(y), [&] { return [p](const Tensor& dy) { return Grads{avg_pool_scatter(p, dy)}; }; },
      [&](const Tensor& t) { return avg_pool(op, p, t); });
}

using Body = Tensor (*)(const char* op, const Pool& p, const Tensor& x);

Tensor pool(const char* op, Body body, const Tensor& x, Size2d ksize, Size2d strides, Padding padding) {
  const Pool p = problem(op, x.shape(), ksize, strides, padding);
  return x.dtype() == bfloat16 ? detail::in_float32(body, op, p, x) : body(op, p, x);
}

Tensor pool2d(const char* op, Body body, const Tensor& x, Size2d ksize, const nn::Pool2dOptions& options) {
  if (x.rank() != 4) {
    fail<ValueError>(op, "expected images [batch, height, width, channels], received shape {}", x.shape());
  }
  return pool(op, body, x, ksize, options.strides.value_or(ksize), options.padding);
}

Tensor pool1d(const char* op, Body body, const Tensor& x, std::int64_t ksize, const nn::Pool1dOptions& options) {
  if (x.rank() != 3) fail<ValueError>(op, "expected sequences [batch, width, channels], received shape {}", x.shape());
  const auto& s = x.shape();
  const Tensor y = pool(op, body, reshape(x, {s[0], 1, s[1], s[2]}), {1, ksize}, {1, options.strides.value_or(ksize)},
                        options.padding);
  return reshape(y, {s[0], y.shape()[2], s[2]});
}

void check_numeric(const char* op, const Tensor& x) { detail::expect_numeric(op, x.dtype()); }

void check_floating(const char* op, const Tensor& x) { detail::expect_floating(op, x.dtype()); }

/// The axes between the first and the last.
Axes inner_axes(const char* op, const Tensor& x) {
  if (x.rank() < 3) {
    fail<ValueError>(op, "expected a tensor [batch, ..., channels] of rank 3 or more, received shape {}", x.shape());
  }
  detail::PoolVector<int> axes;
  for (int axis = 1; axis < x.rank() - 1; ++axis) axes.push_back(axis);
  return axes;
}

}  // namespace

Tensor nn::max_pool2d(const Tensor& x, Size2d ksize, const Pool2dOptions& options) {
  XTAPE_NOTE(nn::max_pool2d, x, ksize, options);
  check_numeric("max_pool2d", x);
  return pool2d("max_pool2d", max_pool, x, ksize, options);
}

Tensor nn::max_pool1d(const Tensor& x, std::int64_t ksize, const Pool1dOptions& options) {
  XTAPE_NOTE(nn::max_pool1d, x, ksize, options);
  check_numeric("max_pool1d", x);
  return pool1d("max_pool1d", max_pool, x, ksize, options);
}

Tensor nn::avg_pool2d(const Tensor& x, Size2d ksize, const Pool2dOptions& options) {
  XTAPE_NOTE(nn::avg_pool2d, x, ksize, options);
  check_floating("avg_pool2d", x);
  return pool2d("avg_pool2d", avg_pool, x, ksize, options);
}

Tensor nn::avg_pool1d(const Tensor& x, std::int64_t ksize, const Pool1dOptions& options) {
  XTAPE_NOTE(nn::avg_pool1d, x, ksize, options);
  check_floating("avg_pool1d", x);
  return pool1d("avg_pool1d", avg_pool, x, ksize, options);
}

Tensor nn::global_average_pool(const Tensor& x, bool keepdims) {
  XTAPE_NOTE(nn::global_average_pool, x, keepdims);
  check_floating("global_average_pool", x);
  return reduce_mean(x, inner_axes("global_average_pool", x), keepdims);
}

Tensor nn::global_max_pool(const Tensor& x, bool keepdims) {
  XTAPE_NOTE(nn::global_max_pool, x, keepdims);
  check_numeric("global_max_pool", x);
  return reduce_max(x, inner_axes("global_max_pool", x), keepdims);
}

}  // namespace xtape
