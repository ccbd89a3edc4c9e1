#include "xtape/ops/pool.hpp"
#include <algorithm>

#include <functional>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;
using nn::Pool2dOptions;

namespace {

struct Geometry {
  Shape x, y;
  Size2d ksize;
  std::optional<Size2d> strides = {};
  Padding padding = Padding::valid;

  Pool2dOptions options() const { return {strides, padding}; }
};

const std::vector<Geometry> geometries{
    {{1, 1, 1, 1}, {1, 1, 1, 1}, 1},
    {{2, 4, 6, 3}, {2, 2, 3, 3}, 2},
    {{2, 5, 7, 3}, {2, 2, 3, 3}, 2},
    {{2, 5, 7, 3}, {2, 3, 4, 3}, 2, {}, "same"},
    {{1, 5, 4, 2}, {1, 3, 3, 2}, {3, 2}, 1},
    {{1, 5, 4, 2}, {1, 5, 4, 2}, {3, 2}, 1, "same"},
    {{1, 7, 8, 1}, {1, 4, 3, 1}, {3, 4}, Size2d(2, 3), "same"},
    {{1, 7, 8, 1}, {1, 2, 3, 1}, {2, 1}, Size2d(4, 3), "same"},  // strides beyond the window
    {{1, 7, 8, 1}, {1, 2, 3, 1}, {2, 1}, Size2d(4, 3)},
    {{1, 2, 2, 2}, {1, 2, 2, 2}, 5, 1, "same"},  // windows beyond the image
    {{1, 1, 6, 2}, {1, 1, 3, 2}, {1, 2}},
    {{2, 1, 7, 2}, {2, 1, 4, 2}, {1, 3}, 2, "same"},
    {{3, 6, 6, 32}, {3, 3, 3, 32}, 2},
    {{2, 5, 5, 37}, {2, 3, 3, 37}, 3, 2, "same"},
    {{9, 24, 24, 40}, {9, 12, 12, 40}, 2},
    {{9, 24, 24, 40}, {9, 12, 12, 40}, 3, 2, "same"},
    {{0, 4, 4, 2}, {0, 2, 2, 2}, 2},
    {{2, 4, 4, 0}, {2, 2, 2, 0}, 2},
    {{2, 0, 4, 1}, {2, 0, 2, 1}, 2, {}, "same"},
};

using List = std::vector<double>;

/// A pooling of images, or of sequences as images of height 1: a window's elements to a number.
struct Op {
  std::string op;
  bool sequences;
  Tensor (*f)(const Geometry&, const Tensor&);
  double (*formula)(const List&);
};

Tensor mean_of_images(const Geometry& g, const Tensor& x) { return nn::avg_pool2d(x, g.ksize, g.options()); }
Tensor max_of_images(const Geometry& g, const Tensor& x) { return nn::max_pool2d(x, g.ksize, g.options()); }
nn::Pool1dOptions along(const Geometry& g) {
  if (!g.strides) return {.padding = g.padding};
  return {.strides = g.strides->width, .padding = g.padding};
}
double largest(const List& window) { return *std::max_element(window.begin(), window.end()); }
double mean(const List& window) {
  double sum = 0;
  for (const double value : window) sum += value;
  return sum / static_cast<double>(window.size());
}

const Table<Op> pool_table{
    {"nn::max_pool2d", false, max_of_images, largest},
    {"nn::avg_pool2d", false, mean_of_images, mean},
    {"nn::max_pool1d", true,
     [](const Geometry& g, const Tensor& x) {
       return expand_dims(nn::max_pool1d(squeeze(x, 1), g.ksize.width, along(g)), 1);
     },
     largest},
    {"nn::avg_pool1d", true,
     [](const Geometry& g, const Tensor& x) {
       return expand_dims(nn::avg_pool1d(squeeze(x, 1), g.ksize.width, along(g)), 1);
     },
     mean},
};

const FunctionRows pool_replays(pool_table, [](const Op& row) {
  std::vector<FunctionRow> rows;
  for (const Geometry& g : geometries) {
    if ((row.sequences && g.x[1] != 1) || g.x.numel() > 1000) continue;
    rows.push_back({row.op, [f = row.f, g](const OpInputs& x) { return f(g, x[0]); }, fresh_inputs({g.x})});
  }
  return rows;
});

const Table<Alone> global{{"nn::global_average_pool"}, {"nn::global_max_pool"}};

List by_definition(const Op& op, const Geometry& g, const Tensor& t) {
  const List x = to_doubles(t);
  const Size2d strides = g.strides.value_or(g.ksize);
  const auto before = [&](std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t stride) {
    return g.padding == Padding::same ? std::max<std::int64_t>((out - 1) * stride + size - in, 0) / 2 : 0;
  };
  const std::int64_t top = before(g.x[1], g.y[1], g.ksize.height, strides.height);
  const std::int64_t left = before(g.x[2], g.y[2], g.ksize.width, strides.width);
  List y;
  for (std::int64_t n = 0; n < g.y[0]; ++n)
    for (std::int64_t oh = 0; oh < g.y[1]; ++oh)
      for (std::int64_t ow = 0; ow < g.y[2]; ++ow)
        for (std::int64_t c = 0; c < g.y[3]; ++c) {
          List window;
          for (std::int64_t i = 0; i < g.ksize.height; ++i)
            for (std::int64_t j = 0; j < g.ksize.width; ++j) {
              const std::int64_t h = oh * strides.height - top + i, w = ow * strides.width - left + j;
              if (h < 0 || h >= g.x[1] || w < 0 || w >= g.x[2]) continue;
              window.push_back(x[static_cast<std::size_t>(((n * g.x[1] + h) * g.x[2] + w) * g.x[3] + c)]);
            }
          y.push_back(op.formula(window));
        }
  return y;
}

template <class F>
void for_rows(F&& f) {
  for (const auto& op : pool_table) {
    for (const auto& g : geometries) {
      if (op.sequences && (g.x[1] != 1 || g.ksize.height != 1)) continue;
      CAPTURE(op.op);
      CAPTURE(g.x.str());
      CAPTURE(g.y.str());
      f(op, g);
    }
  }
}

Tensor counting(const Shape& shape, DType dtype = float32) {
  return reshape(arange(1.0, static_cast<double>(shape.numel()) + 1, 1.0, dtype), shape);
}

}  // namespace

TEST_CASE("pool: values follow the definition") {
  for_rows([](const Op& op, const Geometry& g) {
    for (const DType dtype : {float64, float32, bfloat16}) {
      const Tensor x = some(g.x, dtype), y = op.f(g, x);
      CHECK(y.dtype() == dtype);
      CHECK(y.shape() == g.y);
      CHECK_CLOSE(y, by_definition(op, g, x), 4 * epsilon(dtype), 4 * epsilon(dtype));
      GradientTape tape;  // the way that keeps where the largest are
      tape.watch(x);
      CHECK_SAME_BITS(op.f(g, x), y);
    }
  });
}

TEST_CASE("pool: gradients agree with finite differences to second order") {
  for_rows([](const Op& op, const Geometry& g) {
    if (g.x.numel() > 500) return;
    const GradientCheck check = check_gradients([&](const Tensor& x) { return op.f(g, x) * op.f(g, x); }, some(g.x),
                                                {.max_elements = 64, .directions = 4});
    CHECK_MESSAGE(check, check.message);
  });
}

TEST_CASE("pool: the gradient is the transpose of the linear op around x") {
  for_rows([](const Op& op, const Geometry& g) {
    for (const DType dtype : {float64, float32}) {
      const Tensor x = some(g.x, dtype), dy = some(g.y, dtype) * 0.7;
      GradientTape tape;
      tape.watch(x);
      const Tensor dx = tape.gradient(reduce_sum(op.f(g, x) * dy), x);
      CHECK(dx.shape() == g.x);
      // Both are homogeneous: x . dx = sum(y dy).
      CHECK_CLOSE(reduce_sum(x * dx), reduce_sum(op.f(g, x) * dy), 0,
                  1e3 * epsilon(dtype) * std::sqrt(static_cast<double>(g.x.numel() + 1)));
    }
  });
}

TEST_CASE("pool: TensorFlow's values (pooling_ops_test)") {
  CHECK_CLOSE(nn::max_pool2d(counting({1, 3, 3, 3}), 2), {13, 14, 15});
  CHECK_CLOSE(nn::max_pool2d(counting({1, 2, 3, 3}), 2, {.padding = "same"}), {13, 14, 15, 16, 17, 18});
  CHECK_CLOSE(nn::max_pool2d(counting({1, 2, 2, 1}), {1, 2}, {.strides = 1, .padding = "same"}), {2, 2, 4, 4});
  CHECK_CLOSE(nn::avg_pool2d(counting({1, 3, 3, 3}), 2), {7, 8, 9});
  CHECK_CLOSE(nn::avg_pool2d(counting({1, 2, 4, 3}), 2, {.padding = "same"}), {8.5, 9.5, 10.5, 14.5, 15.5, 16.5});
  // Padding is not counted.
  CHECK_CLOSE(nn::avg_pool2d(counting({1, 2, 2, 1}), {1, 2}, {.strides = 1, .padding = "same"}), {1.5, 2, 3.5, 4});
  CHECK_CLOSE(nn::avg_pool1d(counting({1, 3, 1}), 2, {.padding = "same"}), {1.5, 3});
}

TEST_CASE("max_pool: the first of equal elements gets the gradient, negative ones beat padding, NaN wins") {
  const auto gradient = [](const Tensor& x, const Pool2dOptions& options) {
    GradientTape tape;
    tape.watch(x);
    return tape.gradient(nn::max_pool2d(x, 2, options), x);
  };
  CHECK_CLOSE(gradient(ones({1, 2, 4, 1}), {}), {1, 0, 1, 0, 0, 0, 0, 0});
  CHECK_CLOSE(gradient(ones({1, 2, 3, 1}), {.strides = 1}), {1, 1, 0, 0, 0, 0});
  CHECK_CLOSE(gradient(tensor({0, 1, 1, 1}, {1, 2, 2, 1}), {}), {0, 1, 0, 0});
  CHECK_CLOSE(nn::max_pool2d(full({1, 3, 3, 1}, -300), 2, {.padding = "same"}), {-300, -300, -300, -300});
  for (const DType dtype : {float32, float64}) {
    const Tensor x = tensor({1, NAN, 3, NAN, 2, INFINITY, -INFINITY, 0}, {1, 2, 4, 1}, dtype);
    CHECK_CLOSE(nn::max_pool2d(x, {2, 4}), {NAN});
    CHECK_CLOSE(nn::max_pool2d(x, {2, 1}), {2, NAN, 3, NAN});
    CHECK_CLOSE(nn::max_pool2d(tensor({-INFINITY, -INFINITY}, {1, 1, 2, 1}, dtype), {1, 2}), {-INFINITY});
    GradientTape tape;
    tape.watch(x);
    CHECK_CLOSE(tape.gradient(nn::max_pool2d(x, {2, 4}), x), {0, 1, 0, 0, 0, 0, 0, 0});
  }
}

TEST_CASE("max_pool: integers") {
  for (const DType dtype : {int32, int64, uint8}) {
    CHECK_TENSOR_EQ(nn::max_pool2d(reshape(arange(1, 10, 1, dtype), {1, 3, 3, 1}), 2, {.strides = 1}),
                    reshape(constant({5, 6, 8, 9}, dtype), {1, 2, 2, 1}));
  }
}

TEST_CASE("pool: extreme elements") {
  for (const DType dtype : {float32, float64}) {
    const Tensor x = tensor({300, -300, 300, 300}, {1, 2, 2, 1}, dtype);
    CHECK_CLOSE(nn::avg_pool2d(x, 2), {150});
    CHECK_CLOSE(nn::max_pool2d(x, 2), {300});
  }
}

TEST_CASE("pool: any number of threads, the same bits") {
  for_rows([](const Op& op, const Geometry& g) {
    const Tensor x = some(g.x, float32), dy = some(g.y, float32);
    const auto with_threads = [&](int count) {
      const Threads threads(count);
      GradientTape tape;
      tape.watch(x);
      const Tensor y = op.f(g, x);
      return std::pair(y, tape.gradient(y * dy, x));
    };
    const auto one = with_threads(1), three = with_threads(3);
    CHECK_SAME_BITS(three.first, one.first);
    CHECK_SAME_BITS(three.second, one.second);
  });
}

TEST_CASE("global pools: over all axes between the first and the last") {
  const Tensor x = constant({1, 8, 3, 2, 5, 4, 7, 6}, float32);
  CHECK_TENSOR_EQ(nn::global_average_pool(reshape(x, {1, 2, 2, 2})), constant({{4.0, 5.0}}));
  CHECK_TENSOR_EQ(nn::global_max_pool(reshape(x, {1, 2, 2, 2})), constant({{7.0, 8.0}}));
  CHECK_TENSOR_EQ(nn::global_average_pool(reshape(x, {2, 2, 2})), constant({{2.0, 5.0}, {6.0, 5.0}}));
  CHECK(nn::global_average_pool(reshape(x, {2, 2, 2}), true).shape() == Shape{2, 1, 2});
  CHECK(nn::global_max_pool(ones({0, 4, 4, 3})).shape() == Shape{0, 3});
  CHECK(nn::global_max_pool(ones({2, 1, 1, 1, 3}), true).shape() == Shape{2, 1, 1, 1, 3});
  CHECK(check_gradients([](const Tensor& t) { return square(nn::global_average_pool(t)); }, some({2, 3, 2, 2})));
  CHECK(check_gradients([](const Tensor& t) { return square(nn::global_max_pool(t)); }, some({2, 3, 2, 2})));
  CHECK_THROWS_TEXT(ValueError,
                    "[global_average_pool] expected a tensor [batch, ..., channels] of rank 3 or more, received shape "
                    "(2, 3)",
                    nn::global_average_pool(ones({2, 3})));
  CHECK_THROWS_TEXT(ValueError, "[global_max_pool] expected a tensor", nn::global_max_pool(ones({2, 3})));
  CHECK_THROWS_TEXT(TypeError, "[global_average_pool] expected a floating tensor, received int32",
                    nn::global_average_pool(ones({2, 3, 3}, int32)));
}

TEST_CASE("pool: errors") {
  CHECK_THROWS_TEXT(ValueError, "[max_pool2d] expected images [batch, height, width, channels], received shape (4, 4)",
                    nn::max_pool2d(ones({4, 4}), 2));
  CHECK_THROWS_TEXT(ValueError, "[avg_pool1d] expected sequences [batch, width, channels], received shape (4, 4)",
                    nn::avg_pool1d(ones({4, 4}), 2));
  CHECK_THROWS_TEXT(
      ValueError,
      "[max_pool2d] a window that spans 5 does not fit into the input's width of 4: padding \"same\" would "
      "do",
      nn::max_pool2d(ones({1, 5, 4, 1}), 5));
  CHECK_THROWS_TEXT(ValueError, "[avg_pool2d] expected a window of 1 or more, received 0 for the height",
                    nn::avg_pool2d(ones({1, 4, 4, 1}), {0, 2}, {.strides = 1}));
  CHECK_THROWS_TEXT(ValueError, "[avg_pool2d] expected strides of 1 or more, received -2 for the width",
                    nn::avg_pool2d(ones({1, 4, 4, 1}), 2, {.strides = Size2d(1, -2)}));
  CHECK_THROWS_TEXT(ValueError, "[max_pool1d] expected strides of 1 or more, received 0 for the width",
                    nn::max_pool1d(ones({1, 4, 1}), 2, {.strides = 0}));
  CHECK_THROWS_TEXT(TypeError, "[avg_pool2d] expected a floating tensor, received int32",
                    nn::avg_pool2d(ones({1, 4, 4, 1}, int32), 2));
  CHECK_THROWS_TEXT(TypeError, "[max_pool1d] expected a numeric tensor, received bool",
                    nn::max_pool1d(ones({1, 4, 1}, boolean), 2));
}
