#include "xtape/ops/conv.hpp"

#include <tuple>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/launch.hpp"
#include "kernels/conv.hpp"
#include "kernels/dispatch.hpp"
#include "ops/forward_rules.hpp"
#include "ops/in_float32.hpp"
#include "ops/window.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {

using detail::fail;
using detail::launch;
using detail::Read;
using detail::Write;
using nn::Conv2dOptions;

namespace {

void check_dtypes(const char* op, const Tensor& a, const Tensor& b) {
  detail::expect_same_dtype(op, a.dtype(), b.dtype());
  detail::expect_floating(op, a.dtype(), "floating tensors");
}

/// The parameters of a convolution of x with filters w.
kernels::Conv problem(const char* op, const Shape& x, const Shape& w, const Conv2dOptions& options) {
  if (x.rank() != 4) fail<ValueError>(op, "expected images [batch, height, width, channels], received shape {}", x);
  if (w.rank() != 4) fail<ValueError>(op, "expected filters [height, width, channels, filters], received shape {}", w);
  if (w[2] < 1 || x[3] < 1 || x[3] % w[2] != 0) {
    fail<ValueError>(op, "the filters' channels must divide the input's: {} x {}, received {} and {}", x, w, w[2],
                     x[3]);
  }
  kernels::Conv c{.batch = x[0], .in_channels = x[3], .out_channels = w[3], .groups = x[3] / w[2]};
  if (c.out_channels % c.groups != 0) {
    fail<ValueError>(op, "{} groups of channels need as many groups of filters: {} x {}, received {} filters", c.groups,
                     x, w, c.out_channels);
  }
  c.height =
      detail::make_window(op, "height", x[1], w[0], options.strides.height, options.dilations.height, options.padding);
  c.width =
      detail::make_window(op, "width", x[2], w[1], options.strides.width, options.dilations.width, options.padding);
  return c;
}

Shape output_shape(const kernels::Conv& c) { return {c.batch, c.height.out, c.width.out, c.out_channels}; }

void check_result(const char* op, const kernels::Conv& c, const Shape& dy) {
  if (dy != output_shape(c)) {
    fail<ValueError>(op, "expected a result of the convolution, of shape {}: received shape {}", output_shape(c), dy);
  }
}

Tensor backprop_input(const char* op, const Shape& input_shape, const Tensor& filters, const Tensor& dy,
                      const Conv2dOptions& options) {
  check_dtypes(op, filters, dy);
  const kernels::Conv c = problem(op, input_shape, filters.shape(), options);
  check_result(op, c, dy.shape());
  if (dy.dtype() == bfloat16) return detail::in_float32(backprop_input, op, input_shape, filters, dy, options);
  Tensor dx = detail::make_tensor(input_shape, dy.dtype());
  launch(
      [c](Read dy, Read w, Write dx) {
        kernels::visit_floating(dy.dtype(), [&]<class T>(kernels::Type<T>) {
          kernels::conv2d_backprop_input(c, dy.data<T>(), w.data<T>(), dx.data<T>());
        });
      },
      dy, filters, dx);
  return record(
      op, {filters, dy}, std::move(dx),
      [&](Tracked tracked) {
        return [w = tracked.if_for(1, filters), dy = tracked.if_for(0, dy), filter_shape = filters.shape(), options](
                   const Tensor& g, Needs need) {
          return Grads{need[0] ? nn::conv2d_backprop_filter(g, filter_shape, dy, options) : Tensor(),
                       need[1] ? nn::conv2d(g, w, options) : Tensor()};
        };
      },
      [&](Tangents t) {
        return detail::product_rule(t, filters, dy, [&](const Tensor& w, const Tensor& g) {
          return backprop_input(op, input_shape, w, g, options);
        });
      });
}

/// The gradients of conv2d for the filters and, if `with_bias` is set, for the bias, in one pass.
std::pair<Tensor, Tensor> backprop_filter(const char* op, const Tensor& x, const Shape& filter_shape, const Tensor& dy,
                                          const Conv2dOptions& options, bool with_bias) {
  check_dtypes(op, x, dy);
  const kernels::Conv c = problem(op, x.shape(), filter_shape, options);
  check_result(op, c, dy.shape());
  if (dy.dtype() == bfloat16) {
    return detail::in_float32(backprop_filter, op, x, filter_shape, dy, options, with_bias);
  }
  Tensor results[2] = {detail::make_tensor(filter_shape, dy.dtype()),
                       with_bias ? detail::make_tensor({c.out_channels}, dy.dtype()) : Tensor()};
  launch(
      [c](Read x, Read dy, Write dw, Write db) {
        kernels::visit_floating(dy.dtype(), [&]<class T>(kernels::Type<T>) {
          kernels::conv2d_backprop_filter(c, x.data<T>(), dy.data<T>(), dw.data<T>(), db.data<T>());
        });
      },
      x, dy, results[0], results[1]);
  record(
      op, {x, dy}, std::span<Tensor>(results, with_bias ? 2 : 1),
      [&](Tracked tracked) {
        return [x = tracked.if_for(1, x), dy = tracked.if_for(0, dy), input_shape = x.shape(),
                output_shape = dy.shape(), options](std::span<const Tensor> g, Needs need) {
          Tensor dx, ddy;
          if (need[0] && g[0].defined()) dx = nn::conv2d_backprop_input(input_shape, g[0], dy, options);
          if (need[1]) {
            if (g[0].defined()) ddy = nn::conv2d(x, g[0], options);
            if (g.size() > 1 && g[1].defined()) ddy = ddy.defined() ? ddy + g[1] : broadcast_to(g[1], output_shape);
          }
          return Grads{dx, ddy};
        };
      },
      [&](Tangents t) {
        Tensor dw, db;
        if (t[1].defined()) std::tie(dw, db) = backprop_filter(op, x, filter_shape, t[1], options, with_bias);
        if (t[0].defined()) {
          const Tensor more = backprop_filter(op, t[0], filter_shape, dy, options, false).first;
          dw = dw.defined() ? dw + more : more;
        }
        Tensors all{dw};
        if (with_bias) all.push_back(db);
        return all;
      });
  return {results[0], results[1]};
}

Tensor convolution(const char* op, const Tensor& x, const Tensor& filters, const Tensor& bias,
                   const Conv2dOptions& options, bool relu) {
  check_dtypes(op, x, filters);
  const kernels::Conv c = problem(op, x.shape(), filters.shape(), options);
  if (bias.defined()) {
    check_dtypes(op, x, bias);
    if (bias.shape() != Shape{c.out_channels}) {
      fail<ValueError>(op, "expected a bias of shape ({},): received {}", c.out_channels, bias.shape());
    }
  }
  if (x.dtype() == bfloat16) return detail::in_float32(convolution, op, x, filters, bias, options, relu);
  Tensor y = detail::make_tensor(output_shape(c), x.dtype());
  launch(
      [c, relu](Read x, Read w, Read bias, Write y) {
        kernels::visit_floating(x.dtype(), [&]<class T>(kernels::Type<T>) {
          kernels::conv2d(c, x.data<T>(), w.data<T>(), bias.data<T>(), relu, y.data<T>());
        });
      },
      x, filters, bias, y);
  return record(
      op, {x, filters, bias}, std::move(y),
      [&](Tracked tracked) {
        return [x = tracked.if_for(1, x), w = tracked.if_for(0, filters), y = relu ? y : Tensor(),
                input_shape = x.shape(), filter_shape = filters.shape(), options](const Tensor& dy, Needs need) {
          const Tensor dz = y.defined() ? detail::relu_grad(dy, y) : dy;
          Tensor dx, dw, db;
          if (need[0]) dx = nn::conv2d_backprop_input(input_shape, w, dz, options);
          if (need[1]) {
            std::tie(dw, db) = backprop_filter("conv2d_backprop_filter", x, filter_shape, dz, options, need[2]);
          } else if (need[2]) {
            db = reduce_sum(dz, {0, 1, 2});
          }
          return Grads{dx, dw, db};
        };
      },
      [&](Tangents t) {
        Tensor dz;
        if (t[0].defined()) dz = convolution(op, t[0], filters, t[2], options, false);
        if (t[1].defined()) {
          const Tensor more = convolution(op, x, t[1], dz.defined() ? Tensor() : t[2], options, false);
          dz = dz.defined() ? dz + more : more;
        }
        if (!dz.defined()) dz = broadcast_to(t[2], y.shape());
        return relu ? detail::relu_grad(dz, y) : dz;
      });
}

/// A sequence [batch, width, channels] as images of height 1.
Tensor as_images(const Tensor& x) { return reshape(x, {x.shape()[0], 1, x.shape()[1], x.shape()[2]}); }

}  // namespace

Tensor nn::conv2d(const Tensor& x, const Tensor& filters, const Conv2dOptions& options) {
  XTAPE_NOTE(nn::conv2d, x, filters, options);
  return convolution("conv2d", x, filters, {}, options, false);
}

Tensor detail::conv2d(const Tensor& x, const Tensor& filters, const Tensor& bias, const Conv2dOptions& options,
                      bool relu) {
  XTAPE_NOTE(detail::conv2d, x, filters, bias, options, relu);
  return convolution("conv2d", x, filters, bias, options, relu);
}

Tensor nn::conv1d(const Tensor& x, const Tensor& filters, const Conv1dOptions& options) {
  XTAPE_NOTE(nn::conv1d, x, filters, options);
  const char* op = "conv1d";
  if (x.rank() != 3) fail<ValueError>(op, "expected sequences [batch, width, channels], received shape {}", x.shape());
  if (filters.rank() != 3) {
    fail<ValueError>(op, "expected filters [width, channels, filters], received shape {}", filters.shape());
  }
  const auto& w = filters.shape();
  const Tensor y = convolution(
      op, as_images(x), reshape(filters, {1, w[0], w[1], w[2]}), {},
      {.strides = {1, options.strides}, .padding = options.padding, .dilations = {1, options.dilations}}, false);
  return reshape(y, {y.shape()[0], y.shape()[2], y.shape()[3]});
}

Tensor nn::depthwise_conv2d(const Tensor& x, const Tensor& filters, const Conv2dOptions& options) {
  XTAPE_NOTE(nn::depthwise_conv2d, x, filters, options);
  const char* op = "depthwise_conv2d";
  const auto& w = filters.shape();
  if (w.rank() != 4)
    fail<ValueError>(op, "expected filters [height, width, channels, multiplier], received shape {}", w);
  if (x.rank() != 4 || x.shape()[3] != w[2]) {
    fail<ValueError>(op, "the filters' channels must be the input's: {} x {}", x.shape(), w);
  }
  // A convolution with groups of one channel: the elements of the filters are the same, in the same order.
  return convolution(op, x, reshape(filters, {w[0], w[1], 1, detail::checked_product(op, w[2], w[3])}), {}, options,
                     false);
}

Tensor nn::conv2d_backprop_input(const Shape& input_shape, const Tensor& filters, const Tensor& dy,
                                 const Conv2dOptions& options) {
  XTAPE_NOTE(nn::conv2d_backprop_input, input_shape, filters, dy, options);
  return backprop_input("conv2d_backprop_input", input_shape, filters, dy, options);
}

Tensor nn::conv2d_backprop_filter(const Tensor& x, const Shape& filter_shape, const Tensor& dy,
                                  const Conv2dOptions& options) {
  XTAPE_NOTE(nn::conv2d_backprop_filter, x, filter_shape, dy, options);
  return backprop_filter("conv2d_backprop_filter", x, filter_shape, dy, options, false).first;
}

Tensor nn::conv2d_transpose(const Tensor& x, const Tensor& filters, const Conv2dTransposeOptions& options) {
  XTAPE_NOTE(nn::conv2d_transpose, x, filters, options);
  const char* op = "conv2d_transpose";
  const auto &in = x.shape(), &w = filters.shape();
  if (in.rank() != 4) fail<ValueError>(op, "expected images [batch, height, width, channels], received shape {}", in);
  if (w.rank() != 4) fail<ValueError>(op, "expected filters [height, width, filters, channels], received shape {}", w);
  if (in[3] != w[3]) fail<ValueError>(op, "the filters' channels must be the input's: {} x {}", in, w);
  const auto length = [&](std::int64_t size, std::int64_t taps, std::int64_t stride, std::int64_t dilation) {
    const std::int64_t strided = detail::checked_product(op, size, stride);
    if (options.padding == Padding::same) return strided;
    return strided + std::max<std::int64_t>(detail::checked_product(op, taps - 1, dilation) + 1 - stride, 0);
  };
  const Size2d &strides = options.strides, &dilations = options.dilations;
  const Shape shape = options.output_shape.value_or(Shape{in[0], length(in[1], w[0], strides.height, dilations.height),
                                                          length(in[2], w[1], strides.width, dilations.width), w[2]});
  return backprop_input(op, shape, filters, x,
                        {.strides = strides, .padding = options.padding, .dilations = dilations});
}

}  // namespace xtape
