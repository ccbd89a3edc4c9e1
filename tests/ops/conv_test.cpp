#include "xtape/ops/conv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <thread>

#include "kernels/gemm.hpp"
#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/core/format.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;
using nn::Conv2dOptions;

namespace {

/// A convolution of images x with filters w to images y.
struct Geometry {
  Shape x, w, y;
  Size2d strides = 1;
  Padding padding = Padding::valid;
  Size2d dilations = 1;

  Conv2dOptions options() const { return {strides, padding, dilations}; }
};

const std::vector<Geometry> geometries{
    {{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}},
    {{2, 4, 5, 3}, {2, 3, 3, 4}, {2, 3, 3, 4}},
    {{2, 4, 5, 3}, {2, 3, 3, 4}, {2, 4, 5, 4}, 1, "same"},
    {{1, 6, 5, 2}, {3, 3, 2, 3}, {1, 2, 2, 3}, 2},
    {{1, 6, 5, 2}, {3, 3, 2, 3}, {1, 3, 3, 3}, 2, "same"},
    {{1, 7, 8, 1}, {2, 4, 1, 2}, {1, 4, 3, 2}, {2, 3}, "same"},
    {{1, 7, 8, 1}, {2, 4, 1, 2}, {1, 3, 2, 2}, {2, 3}},
    {{1, 5, 7, 2}, {2, 3, 2, 2}, {1, 3, 3, 2}, 1, "valid", 2},
    {{1, 5, 7, 2}, {2, 3, 2, 2}, {1, 5, 7, 2}, 1, "same", {2, 3}},
    {{1, 8, 9, 1}, {2, 2, 1, 1}, {1, 2, 3, 1}, {4, 3}, "same", {3, 2}},  // strides and dilations
    {{1, 5, 5, 1}, {1, 1, 1, 2}, {1, 2, 2, 2}, 3},                       // strides beyond the window
    {{1, 5, 5, 1}, {2, 2, 1, 1}, {1, 2, 2, 1}, 3, "same"},
    {{1, 2, 2, 1}, {5, 4, 1, 2}, {1, 2, 2, 2}, 1, "same"},  // windows beyond the image
    {{1, 1, 1, 2}, {3, 3, 2, 2}, {1, 1, 1, 2}, 1, "same"},
    {{1, 1, 6, 2}, {1, 3, 2, 3}, {1, 1, 4, 3}},
    {{2, 1, 6, 2}, {1, 3, 2, 3}, {2, 1, 3, 3}, {1, 2}, "same"},
    {{1, 1, 9, 2}, {1, 3, 1, 4}, {1, 1, 5, 4}, 1, "valid", {1, 2}},  // groups
    {{2, 4, 4, 4}, {3, 3, 2, 6}, {2, 2, 2, 6}},
    {{1, 4, 5, 6}, {2, 2, 2, 3}, {1, 2, 3, 3}, 2, "same"},
    {{1, 4, 5, 3}, {3, 2, 1, 3}, {1, 4, 5, 3}, 1, "same"},
    {{1, 4, 5, 3}, {3, 2, 1, 6}, {1, 2, 4, 6}},
    {{2, 5, 4, 2}, {2, 2, 1, 6}, {2, 3, 2, 6}, 2, "same", 2},
    {{3, 4, 4, 5}, {1, 1, 5, 7}, {3, 4, 4, 7}},
    {{1, 5, 5, 3}, {1, 1, 3, 4}, {1, 3, 3, 4}, 2, "same"},
    {{2, 9, 10, 16}, {3, 3, 16, 33}, {2, 9, 10, 33}, 1, "same"},
    {{3, 12, 11, 32}, {5, 5, 32, 16}, {3, 8, 7, 16}},
    {{2, 10, 9, 32}, {3, 3, 1, 32}, {2, 10, 9, 32}, 1, "same"},
    {{5, 28, 28, 1}, {5, 5, 1, 32}, {5, 28, 28, 32}, 1, "same"},
    {{0, 4, 4, 2}, {3, 3, 2, 3}, {0, 2, 2, 3}},
    {{2, 4, 4, 2}, {3, 3, 2, 0}, {2, 2, 2, 0}},
    {{2, 0, 4, 2}, {3, 3, 2, 3}, {2, 0, 4, 3}, 1, "same"},
};

/// Calls f(place in x, in w, in y) for each multiplication, by the definition in TensorFlow's documentation.
template <class F>
void for_products(const Geometry& g, F&& f) {
  const auto before = [&](std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t stride,
                          std::int64_t dilation) {
    const std::int64_t all = std::max<std::int64_t>((out - 1) * stride + (size - 1) * dilation + 1 - in, 0);
    return g.padding == Padding::same ? all / 2 : 0;
  };
  const auto &x = g.x, &w = g.w, &y = g.y;
  const std::int64_t top = before(x[1], y[1], w[0], g.strides.height, g.dilations.height);
  const std::int64_t left = before(x[2], y[2], w[1], g.strides.width, g.dilations.width);
  for (std::int64_t n = 0; n < y[0]; ++n)
    for (std::int64_t oh = 0; oh < y[1]; ++oh)
      for (std::int64_t ow = 0; ow < y[2]; ++ow)
        for (std::int64_t o = 0; o < y[3]; ++o)
          for (std::int64_t i = 0; i < w[0]; ++i)
            for (std::int64_t j = 0; j < w[1]; ++j)
              for (std::int64_t c = 0; c < w[2]; ++c) {
                const std::int64_t h = oh * g.strides.height - top + i * g.dilations.height;
                const std::int64_t v = ow * g.strides.width - left + j * g.dilations.width;
                const std::int64_t channel = o / (w[3] / (x[3] / w[2])) * w[2] + c;
                if (h < 0 || h >= x[1] || v < 0 || v >= x[2]) continue;
                f(static_cast<std::size_t>(((n * x[1] + h) * x[2] + v) * x[3] + channel),
                  static_cast<std::size_t>(((i * w[1] + j) * w[2] + c) * w[3] + o),
                  static_cast<std::size_t>(((n * y[1] + oh) * y[2] + ow) * y[3] + o));
              }
}

/// An op that multiplies two of x, w, y and sums to the third.
struct Op {
  std::string op;
  char a, b, result;
  bool (*applies)(const Geometry&);
  Tensor (*f)(const Geometry&, const Tensor& a, const Tensor& b);
};

bool always(const Geometry&) { return true; }

const Table<Op> conv_table{
    {"nn::conv2d", 'x', 'w', 'y', always,
     [](const Geometry& g, const Tensor& a, const Tensor& b) { return nn::conv2d(a, b, g.options()); }},
    {"nn::conv2d_backprop_input", 'w', 'y', 'x', always,
     [](const Geometry& g, const Tensor& a, const Tensor& b) {
       return nn::conv2d_backprop_input(g.x, a, b, g.options());
     }},
    {"nn::conv2d_backprop_filter", 'x', 'y', 'w', always,
     [](const Geometry& g, const Tensor& a, const Tensor& b) {
       return nn::conv2d_backprop_filter(a, g.w, b, g.options());
     }},
    {"nn::conv2d_transpose", 'y', 'w', 'x', always,
     [](const Geometry& g, const Tensor& a, const Tensor& b) {
       return nn::conv2d_transpose(
           a, b, {.output_shape = g.x, .strides = g.strides, .padding = g.padding, .dilations = g.dilations});
     }},
    {"nn::depthwise_conv2d", 'x', 'w', 'y', [](const Geometry& g) { return g.w[2] == 1 && g.w[3] > 0; },
     [](const Geometry& g, const Tensor& a, const Tensor& b) {
       return nn::depthwise_conv2d(a, reshape(b, {g.w[0], g.w[1], g.x[3], g.w[3] / g.x[3]}), g.options());
     }},
    {"nn::conv1d", 'x', 'w', 'y', [](const Geometry& g) { return g.x[1] == 1 && g.w[0] == 1; },
     [](const Geometry& g, const Tensor& a, const Tensor& b) {
       const Tensor y = nn::conv1d(squeeze(a, 1), squeeze(b, 0),
                                   {.strides = g.strides.width, .padding = g.padding, .dilations = g.dilations.width});
       return expand_dims(y, 1);
     }},
};

const Shape& shape_of(const Geometry& g, char which) { return which == 'x' ? g.x : which == 'w' ? g.w : g.y; }

const FunctionRows conv_replays(conv_table, [](const Op& row) {
  std::vector<FunctionRow> rows;
  for (const Geometry& g : geometries) {
    if (!row.applies(g) || g.y.numel() * g.w.numel() > 10000) continue;
    rows.push_back({row.op, [f = row.f, g](const std::vector<Tensor>& x) { return f(g, x[0], x[1]); },
                    fresh_inputs({shape_of(g, row.a), shape_of(g, row.b)})});
  }
  return rows;
});

Tensor operand(const Geometry& g, char which, DType dtype = float64) {
  const Tensor t = some(shape_of(g, which)) * (which == 'w' ? 0.7 : which == 'y' ? 0.9 : 1.0);
  return cast(t, dtype);
}

std::vector<double> by_definition(const Op& op, const Geometry& g, const Tensor& a, const Tensor& b) {
  const std::vector<double> p = to_doubles(a), q = to_doubles(b);
  std::vector<double> sum(static_cast<std::size_t>(shape_of(g, op.result).numel()));
  for_products(g, [&](std::size_t x, std::size_t w, std::size_t y) {
    const auto at = [&](char which) { return which == 'x' ? x : which == 'w' ? w : y; };
    sum[at(op.result)] += p[at(op.a)] * q[at(op.b)];
  });
  return sum;
}

/// Multiplications for one result.
double depth(const Op& op, const Geometry& g) {
  double products = 0;
  for_products(g, [&](std::size_t, std::size_t, std::size_t) { ++products; });
  return products / std::max(1.0, static_cast<double>(shape_of(g, op.result).numel())) + 1;
}

std::string describe(const Op& op, const Geometry& g) {
  return fmt::format("{} of {} and {}, strides {} {}, dilations {} {}, {}", op.op, g.x, g.w, g.strides.height,
                     g.strides.width, g.dilations.height, g.dilations.width,
                     g.padding == Padding::same ? "same" : "valid");
}

template <class F>
void for_rows(F&& f) {
  for (const auto& op : conv_table) {
    for (const auto& g : geometries) {
      if (!op.applies(g)) continue;
      CAPTURE(describe(op, g));
      f(op, g);
    }
  }
}

/// 1, 2, 3, ... as TensorFlow's own tests fill their tensors.
Tensor counting(const Shape& shape, DType dtype = float32) {
  return reshape(arange(1.0, static_cast<double>(shape.numel()) + 1, 1.0, dtype), shape);
}

}  // namespace

TEST_CASE("conv: values follow the definition") {
  for_rows([](const Op& op, const Geometry& g) {
    for (const DType dtype : {float64, float32, bfloat16}) {
      CAPTURE(name(dtype));
      const Tensor a = operand(g, op.a, dtype), b = operand(g, op.b, dtype), result = op.f(g, a, b);
      CHECK(result.dtype() == dtype);
      CHECK(result.shape() == shape_of(g, op.result));
      CHECK_CLOSE(result, by_definition(op, g, a, b), 4 * epsilon(dtype),
                  4 * depth(op, g) * epsilon(dtype == bfloat16 ? float32 : dtype));
    }
  });
}

TEST_CASE("conv: gradients agree with finite differences to second order") {
  for_rows([](const Op& op, const Geometry& g) {
    if (g.x.numel() > 2000) return;
    const GradientCheck check =
        check_gradients([&](const Tensor& a, const Tensor& b) { return op.f(g, a, b); }, operand(g, op.a),
                        operand(g, op.b), {.max_elements = 12, .directions = 3});
    CHECK_MESSAGE(check, check.message);
  });
}

TEST_CASE("conv: the third order too") {
  const Geometry g{{1, 4, 3, 2}, {2, 2, 2, 2}, {1, 2, 2, 2}, 2, "same"};
  const GradientCheck check =
      check_gradients([&](const Tensor& a, const Tensor& b) { return square(nn::conv2d(a, b, g.options())); },
                      operand(g, 'x'), operand(g, 'w'), {.order = 3, .max_elements = 8, .directions = 2});
  CHECK_MESSAGE(check, check.message);
}

TEST_CASE("conv: TensorFlow's values (conv_ops_test, depthwise_conv_op_test)") {
  const auto conv = [](const Shape& x, const Shape& w, const Conv2dOptions& options = {}) {
    return nn::conv2d(counting(x), counting(w), options);
  };
  CHECK_CLOSE(conv({1, 2, 3, 3}, {1, 1, 3, 3}),
              {30, 36, 42, 66, 81, 96, 102, 126, 150, 138, 171, 204, 174, 216, 258, 210, 261, 312});
  CHECK_CLOSE(conv({1, 2, 3, 3}, {1, 2, 3, 3}), {231, 252, 273, 384, 423, 462, 690, 765, 840, 843, 936, 1029});
  CHECK_CLOSE(conv({1, 2, 3, 3}, {2, 2, 3, 3}), {2271, 2367, 2463, 2901, 3033, 3165});
  CHECK_CLOSE(conv({1, 2, 3, 3}, {2, 2, 3, 3}, {.strides = 2, .padding = "SAME"}),
              {2271, 2367, 2463, 1230, 1305, 1380});
  CHECK_CLOSE(conv({1, 3, 6, 1}, {2, 2, 1, 1}, {.strides = {1, 2}}), {58, 78, 98, 118, 138, 158});
  // The odd padding comes after the image; strides may go beyond the window.
  CHECK_CLOSE(conv({1, 3, 3, 1}, {1, 1, 1, 1}, {.strides = 2, .padding = Padding::same}), {1, 3, 7, 9});
  CHECK_CLOSE(conv({1, 4, 4, 1}, {1, 1, 1, 1}, {.strides = 2, .padding = Padding::same}), {1, 3, 9, 11});
  CHECK_CLOSE(conv({1, 4, 4, 1}, {2, 2, 1, 1}, {.strides = 3, .padding = Padding::same}), {44, 28, 41, 16});
  CHECK_CLOSE(nn::conv2d_backprop_input({1, 2, 3, 1}, counting({2, 2, 1, 1}), counting({1, 1, 2, 1})),
              {1, 4, 4, 3, 10, 8});
  CHECK_CLOSE(nn::conv2d_backprop_filter(counting({1, 2, 3, 1}), {2, 2, 1, 1}, counting({1, 1, 2, 1})), {5, 8, 14, 17});
  CHECK_CLOSE(nn::depthwise_conv2d(counting({1, 2, 3, 2}), counting({2, 2, 2, 2})),
              {196, 216, 272, 296, 252, 280, 344, 376});
}

TEST_CASE("conv2d_transpose: sizes as in Keras, or as asked for") {
  const auto shape = [](const Shape& x, const Shape& w, const nn::Conv2dTransposeOptions& options) {
    return nn::conv2d_transpose(ones(x), ones(w), options).shape();
  };
  CHECK(shape({1, 4, 5, 2}, {3, 3, 6, 2}, {}) == Shape{1, 6, 7, 6});
  CHECK(shape({1, 4, 5, 2}, {3, 3, 6, 2}, {.padding = "same"}) == Shape{1, 4, 5, 6});
  CHECK(shape({1, 4, 5, 2}, {3, 2, 6, 2}, {.strides = 2}) == Shape{1, 9, 10, 6});
  CHECK(shape({1, 4, 5, 2}, {3, 2, 6, 2}, {.strides = {3, 2}, .padding = "same"}) == Shape{1, 12, 10, 6});
  CHECK(shape({1, 4, 5, 2}, {1, 1, 6, 2}, {.strides = 2}) == Shape{1, 8, 10, 6});
  CHECK(shape({1, 4, 5, 2}, {3, 2, 6, 2}, {.dilations = 2}) == Shape{1, 8, 7, 6});
  CHECK(shape({1, 4, 5, 2}, {3, 3, 6, 2}, {.output_shape = Shape{1, 7, 9, 6}, .strides = 2, .padding = "same"}) ==
        Shape{1, 7, 9, 6});
  CHECK(shape({0, 4, 5, 2}, {3, 3, 6, 2}, {}) == Shape{0, 6, 7, 6});
  // With filters of ones the result counts the windows that contain an element (TensorFlow's
  // testConv2DTransposeSingleStride).
  CHECK_CLOSE(nn::conv2d_transpose(ones({1, 3, 4, 3}), ones({3, 3, 1, 3}), {.padding = "same"}),
              {12, 18, 18, 12, 18, 27, 27, 18, 12, 18, 18, 12});
  CHECK_THROWS_TEXT(
      ValueError,
      "[conv2d_transpose] expected a result of the convolution, of shape (1, 3, 5, 2): received shape "
      "(1, 4, 5, 2)",
      shape({1, 4, 5, 2}, {3, 3, 6, 2}, {.output_shape = Shape{1, 6, 9, 6}, .strides = 2, .padding = "same"}));
  CHECK_THROWS_TEXT(ValueError,
                    "[conv2d_transpose] the filters' channels must be the input's: (1, 4, 5, 2) x (3, 3, 2, 6)",
                    shape({1, 4, 5, 2}, {3, 3, 2, 6}, {}));
  CHECK_THROWS_TEXT(ValueError,
                    "[conv2d_transpose] expected images [batch, height, width, channels], received shape (4, 5)",
                    shape({4, 5}, {3, 3, 2, 6}, {}));
  CHECK_THROWS_TEXT(ValueError,
                    "[conv2d_transpose] expected filters [height, width, filters, channels], received shape (3,)",
                    shape({1, 4, 5, 2}, {3}, {}));
}

TEST_CASE("conv: the fused bias and relu of a Conv2D layer") {
  const Geometry g{{2, 4, 4, 3}, {2, 2, 3, 4}, {2, 2, 2, 4}, 2, "same"};
  const Tensor x = operand(g, 'x'), w = operand(g, 'w'), b = some({4}) * 0.3;
  for (const bool relu : {false, true}) {
    for (const bool with_bias : {false, true}) {
      const auto fused = [&](const Tensor& p, const Tensor& q, const Tensor& r) {
        return detail::conv2d(p, q, with_bias ? r : Tensor(), g.options(), relu);
      };
      const auto plain = [&](const Tensor& p, const Tensor& q, const Tensor& r) {
        const Tensor y = with_bias ? nn::conv2d(p, q, g.options()) + r : nn::conv2d(p, q, g.options());
        return relu ? nn::relu(y) : y;
      };
      CHECK_CLOSE(fused(x, w, b), plain(x, w, b), 1e-14, 1e-14);
      for (const DType dtype : {float32, bfloat16}) {
        const Tensor p = cast(x, dtype), q = cast(w, dtype), r = cast(b, dtype);
        CHECK_CLOSE(fused(p, q, r), plain(cast(p, float64), cast(q, float64), cast(r, float64)), 4 * epsilon(dtype),
                    64 * epsilon(float32));
      }
      if (with_bias) {
        const GradientCheck check = check_gradients(fused, x, w, b, {.max_elements = 12, .directions = 3});
        CHECK_MESSAGE(check, check.message);
      }
      // float32 against float64, which use different code.
      const auto gradients = [&](DType dtype) {
        const Tensor p = cast(x, dtype), q = cast(w, dtype), r = cast(b, dtype);
        GradientTape tape;
        for (const auto& t : {p, q, r}) tape.watch(t);
        const Tensor loss = reduce_sum(square(fused(p, q, r)));
        return tape.gradient(loss, std::vector<Tensor>{p, q, r});
      };
      const auto narrow = gradients(float32), wide = gradients(float64);
      for (std::size_t i = 0; i < 3; ++i) {
        CHECK(narrow[i].defined() == (i < 2 || with_bias));
        if (narrow[i].defined()) CHECK_CLOSE(narrow[i], wide[i], 1e-5, 1e-5);
      }
    }
  }
  CHECK_THROWS_TEXT(ValueError, "[conv2d] expected a bias of shape (4,): received (3,)",
                    detail::conv2d(x, w, ones({3}, float64), g.options(), false));
  CHECK_THROWS_TEXT(TypeError, "[conv2d] dtypes differ: float64 and float32, cast one of them",
                    detail::conv2d(x, w, ones({4}), g.options(), false));
}

TEST_CASE("conv: only the gradients asked for, and operands used twice") {
  const Tensor x = some({1, 4, 4, 2}), w = some({3, 3, 2, 2});
  for (const bool of_x : {true, false}) {
    GradientTape tape;
    tape.watch(of_x ? x : w);
    const Tensor y = nn::conv2d(x, w);
    const Tensor expected = of_x ? nn::conv2d_backprop_input(x.shape(), w, ones_like(y))
                                 : nn::conv2d_backprop_filter(x, w.shape(), ones_like(y));
    CHECK_CLOSE(tape.gradient(y, of_x ? x : w), expected, 1e-14);
  }
  const Tensor b = some({2});
  GradientTape of_bias;
  of_bias.watch(b);
  CHECK_CLOSE(of_bias.gradient(detail::conv2d(x, w, b, {}, false), b), {4, 4});
  const Tensor square_image = some({3, 3, 2, 2});
  const GradientCheck check = check_gradients([](const Tensor& t) { return nn::conv2d(t, t, {.padding = "same"}); },
                                              square_image, {.max_elements = 12});
  CHECK_MESSAGE(check, check.message);
}

TEST_CASE("conv: large numbers stay finite, NaN and infinity propagate") {
  for (const DType dtype : {float32, float64}) {
    const Tensor w = full({2, 2, 1, 1}, 300, dtype);
    CHECK_CLOSE(nn::conv2d(tensor({300, -300, 300, 300}, {1, 2, 2, 1}, dtype), w), {180000});
    const Tensor y = nn::conv2d(tensor({NAN, 1, 1, 1, 1, INFINITY}, {1, 2, 3, 1}, dtype), w);
    CHECK(std::isnan(to_doubles(y)[0]));
    CHECK(to_doubles(y)[1] == INFINITY);
  }
}

TEST_CASE("conv: elements at any address") {
  const Tensor all = some({6, 3, 3, 1}, float32), filters = some({9, 1, 3, 1, 5}, float32);
  for (std::int64_t i = 0; i < 6; ++i) {
    const Tensor x = slice_axis(all, 0, i, 1), w = reshape(slice_axis(filters, 0, i, 1), {1, 3, 1, 5});
    const Tensor wide = nn::conv2d(cast(x, float64), cast(w, float64));
    CHECK_CLOSE(nn::conv2d(x, w), wide, 1e-5, 1e-6);
    CHECK_CLOSE(nn::conv2d_backprop_input(x.shape(), w, cast(wide, float32)),
                nn::conv2d_backprop_input(x.shape(), cast(w, float64), wide), 1e-5, 1e-5);
    CHECK_CLOSE(nn::conv2d_backprop_filter(x, w.shape(), cast(wide, float32)),
                nn::conv2d_backprop_filter(cast(x, float64), w.shape(), wide), 1e-5, 1e-5);
  }
}

TEST_CASE("conv: any number of threads, the same float64 bits") {
  for_rows([](const Op& op, const Geometry& g) {
    if (g.x.numel() < 500) return;
    for (const DType dtype : {float64, float32}) {
      const Tensor a = operand(g, op.a, dtype), b = operand(g, op.b, dtype);
      const auto with_threads = [&](int count) {
        const Threads threads(count);
        return op.f(g, a, b);
      };
      const Tensor one = with_threads(1), three = with_threads(3);
      if (dtype == float64 && kernels::max_own_product() > 1e8) {  // else BLAS computes most of them
        CHECK_SAME_BITS(three, one);
      } else {
        CHECK_CLOSE(three, one, dtype == float64 ? 1e-14 : 1e-5, depth(op, g) * epsilon(dtype));
      }
    }
  });
}

TEST_CASE("conv: many shapes and several callers at once") {
  const auto work = [](std::int64_t from, bool& right) {
    right = true;
    for (int round = 0; round < 2; ++round) {
      for (std::int64_t i = 0; i < 40; ++i) {  // more problems than are remembered
        const Tensor x = ones({1, 3 + (from + i) % 40, 4, 2}), w = ones({3, 3, 2, 3});
        const Tensor y = nn::conv2d(x, w), dx = nn::conv2d_backprop_input(x.shape(), w, y);
        for (const float value : y.data<float>()) right = right && value == 18;
        right = right && dx.data<float>()[0] == 54;
      }
    }
  };
  bool right[3];
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) callers.emplace_back(work, 13 * i, std::ref(right[i]));
  for (auto& caller : callers) caller.join();
  for (const bool r : right) CHECK(r);
}

TEST_CASE("conv: a step in its steady state asks the system for no tensor memory") {
  const Tensor x = some({4, 8, 8, 3}, float32), w = some({3, 3, 3, 8}, float32), b = some({8}, float32);
  const auto step = [&] {
    GradientTape tape;
    for (const auto& t : {x, w, b}) tape.watch(t);
    const Tensor y = detail::conv2d(x, w, b, {.padding = "same"}, true);
    return tape.gradient(y, std::vector<Tensor>{x, w, b});
  };
  for (int i = 0; i < 3; ++i) step();
  const std::int64_t before = memory_stats().system_bytes;
  for (int i = 0; i < 10; ++i) step();
  CHECK(memory_stats().system_bytes == before);
}

TEST_CASE("conv: errors") {
  const auto conv = [](const Shape& x, const Shape& w, const Conv2dOptions& options = {}) {
    return nn::conv2d(ones(x), ones(w), options);
  };
  CHECK_THROWS_TEXT(ValueError, "[conv2d] expected images [batch, height, width, channels], received shape (4, 4, 2)",
                    conv({4, 4, 2}, {3, 3, 2, 2}));
  CHECK_THROWS_TEXT(ValueError, "[conv2d] expected filters [height, width, channels, filters], received shape (3, 3)",
                    conv({1, 4, 4, 2}, {3, 3}));
  CHECK_THROWS_TEXT(
      ValueError,
      "[conv2d] the filters' channels must divide the input's: (1, 4, 4, 5) x (3, 3, 2, 4), received 2 and 5",
      conv({1, 4, 4, 5}, {3, 3, 2, 4}));
  CHECK_THROWS_TEXT(ValueError, "[conv2d] the filters' channels must divide the input's",
                    conv({1, 4, 4, 2}, {3, 3, 0, 4}));
  CHECK_THROWS_TEXT(ValueError, "[conv2d] the filters' channels must divide the input's",
                    conv({1, 4, 4, 0}, {3, 3, 1, 4}));
  CHECK_THROWS_TEXT(
      ValueError,
      "[conv2d] 2 groups of channels need as many groups of filters: (1, 4, 4, 4) x (3, 3, 2, 3), received "
      "3 filters",
      conv({1, 4, 4, 4}, {3, 3, 2, 3}));
  CHECK_THROWS_TEXT(ValueError, "[conv2d] expected strides of 1 or more, received 0 for the width",
                    conv({1, 4, 4, 2}, {3, 3, 2, 2}, {.strides = {1, 0}}));
  CHECK_THROWS_TEXT(ValueError, "[conv2d] expected dilations of 1 or more, received -1 for the height",
                    conv({1, 4, 4, 2}, {3, 3, 2, 2}, {.dilations = {-1, 1}}));
  CHECK_THROWS_TEXT(ValueError, "[conv2d] expected a window of 1 or more, received 0 for the height",
                    conv({1, 4, 4, 2}, {0, 3, 2, 2}, {.padding = "same"}));
  CHECK_THROWS_TEXT(
      ValueError, "[conv2d] a window that spans 5 does not fit into the input's width of 4: padding \"same\" would do",
      conv({1, 4, 4, 2}, {3, 3, 2, 2}, {.dilations = {1, 2}}));
  CHECK_THROWS_TEXT(ValueError, "[Padding] expected \"same\" or \"valid\", received \"full\"",
                    conv({1, 4, 4, 2}, {3, 3, 2, 2}, {.padding = "full"}));
  CHECK_THROWS_TEXT(TypeError, "[conv2d] dtypes differ: float32 and float64, cast one of them",
                    nn::conv2d(ones({1, 4, 4, 2}), ones({3, 3, 2, 2}, float64)));
  CHECK_THROWS_TEXT(TypeError, "[conv2d] expected floating tensors, received int32",
                    nn::conv2d(ones({1, 4, 4, 2}, int32), ones({3, 3, 2, 2}, int32)));
  CHECK_THROWS_TEXT(ValueError, "[conv1d] expected sequences [batch, width, channels], received shape (4, 2)",
                    nn::conv1d(ones({4, 2}), ones({3, 2, 2})));
  CHECK_THROWS_TEXT(ValueError, "[conv1d] expected filters [width, channels, filters], received shape (3, 2)",
                    nn::conv1d(ones({1, 4, 2}), ones({3, 2})));
  CHECK_THROWS_TEXT(ValueError, "[conv1d] a window that spans 5 does not fit into the input's width of 4",
                    nn::conv1d(ones({1, 4, 2}), ones({5, 2, 2})));
  CHECK_THROWS_TEXT(ValueError,
                    "[depthwise_conv2d] the filters' channels must be the input's: (1, 4, 4, 2) x (3, 3, 3, 1)",
                    nn::depthwise_conv2d(ones({1, 4, 4, 2}), ones({3, 3, 3, 1})));
  CHECK_THROWS_TEXT(ValueError,
                    "[depthwise_conv2d] expected filters [height, width, channels, multiplier], received shape (3, 3)",
                    nn::depthwise_conv2d(ones({1, 4, 4, 2}), ones({3, 3})));
  CHECK_THROWS_TEXT(
      ValueError,
      "[conv2d_backprop_input] expected a result of the convolution, of shape (1, 2, 2, 2): received shape "
      "(1, 2, 3, 2)",
      nn::conv2d_backprop_input({1, 4, 4, 2}, ones({3, 3, 2, 2}), ones({1, 2, 3, 2})));
  CHECK_THROWS_TEXT(
      ValueError,
      "[conv2d_backprop_filter] expected a result of the convolution, of shape (1, 2, 2, 2): received shape "
      "(1, 2, 2, 3)",
      nn::conv2d_backprop_filter(ones({1, 4, 4, 2}), {3, 3, 2, 2}, ones({1, 2, 2, 3})));
}
