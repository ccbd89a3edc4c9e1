#include "xtape/ops/scan.hpp"

#include <algorithm>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

/// A scan along an axis.
struct Scan {
  std::string op;
  Tensor (*f)(const Tensor&, int, const ScanOptions&);
  double (*combine)(double, double);
  double neutral;
};

const Table<Scan> scan_table{
    {"cumsum", cumsum, [](double a, double b) { return a + b; }, 0},
    {"cumprod", cumprod, [](double a, double b) { return a * b; }, 1},
};

const FunctionRows scan_replays(scan_table, [](const Scan& row) {
  std::vector<FunctionRow> rows;
  for (const ScanOptions& options : {ScanOptions{}, ScanOptions{.exclusive = true, .reverse = true}}) {
    rows.push_back(
        {row.op, [f = row.f, options](const OpInputs& x) { return f(x[0], 1, options); }, fresh_inputs({{2, 5, 3}})});
  }
  return rows;
});

const Table<Alone> scan_alone{{"diff"}};
const FunctionRows diff_replays{
    {"diff", [](const OpInputs& x) { return diff(x[0], 2, 1); }, fresh_inputs({{2, 5, 3}})},
};

const std::vector<ScanOptions> all_options{
    {}, {.exclusive = true}, {.reverse = true}, {.exclusive = true, .reverse = true}};

/// The definition: for each element a sum or product over all elements before it.
std::vector<double> by_definition(const Scan& row, const Tensor& x, int axis, const ScanOptions& options) {
  const std::vector<double> in = to_doubles(x);
  std::vector<double> out;
  const std::int64_t n = x.shape(axis);
  std::int64_t stride = 1;
  for (int i = axis + 1; i < x.rank(); ++i) stride *= x.shape(i);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t at = i / stride % n;
    double result = row.neutral;
    for (std::int64_t k = 0; k < n; ++k) {
      const bool counts = (options.reverse ? k > at : k < at) || (k == at && !options.exclusive);
      if (counts) result = row.combine(result, in[static_cast<std::size_t>(i + (k - at) * stride)]);
    }
    out.push_back(result);
  }
  return out;
}

}  // namespace

TEST_CASE("scans: every axis, direction and dtype against the definition") {
  for (const auto& row : scan_table) {
    CAPTURE(row.op);
    for (const Shape& shape : {Shape{7}, Shape{1}, Shape{3, 4}, Shape{2, 3, 5}, Shape{4, 1, 37}}) {
      for (int axis = 0; axis < shape.rank(); ++axis) {
        for (const auto& options : all_options) {
          for (const DType dtype : {float64, float32, int32, int64}) {
            const Tensor x = cast(some(shape, float64, 1, 3), dtype), y = row.f(x, axis, options);
            CHECK(y.dtype() == dtype);
            CHECK(y.shape() == shape);
            CHECK_CLOSE(y, by_definition(row, x, axis, options), is_floating(dtype) ? 8 * epsilon(dtype) : 0);
            CHECK_TENSOR_EQ(row.f(x, axis - shape.rank(), options), y);
          }
        }
      }
    }
    CHECK_TENSOR_EQ(row.f(tensor({200, 100}, uint8), 0, {}), tensor({200, row.op == "cumsum" ? 44.0 : 32.0}, uint8));
    CHECK(row.f(ones({3}, bfloat16), 0, {}).dtype() == bfloat16);
  }
}

TEST_CASE("scans: gradients agree with finite differences to second order, zeros included") {
  const std::vector<Tensor> inputs{some({5}),
                                   some({2, 3}),
                                   some({2, 3, 2}),
                                   tensor({2, 0, 3, 4}),
                                   tensor({0, 0, 3, 0}),
                                   tensor({-1, 0, 0, 2, 0.5, 0}, {3, 2}),
                                   some({1}),
                                   some({1, 1})};
  for (const auto& row : scan_table) {
    CAPTURE(row.op);
    for (const auto& x : inputs) {
      for (int axis = 0; axis < x.rank(); ++axis) {
        for (const auto& options : all_options) {
          const GradientCheck check = check_gradients([&](const Tensor& t) { return row.f(t, axis, options); }, x);
          CHECK_MESSAGE(check, check.message);
        }
      }
    }
  }
}

TEST_CASE("scans: third derivative of a product of zeros") {
  // d^3 (abc) / da db dc = 1 at a = b = c = 0.
  const Tensor x = zeros({3}, float64);
  GradientTape outer;
  outer.watch(x);
  GradientTape middle;
  middle.watch(x);
  GradientTape inner;
  inner.watch(x);
  const Tensor first = inner.gradient(slice_axis(cumprod(x), 0, 2, 1), x);
  const Tensor second = middle.gradient(slice_axis(first, 0, 0, 1), x);
  CHECK_CLOSE(outer.gradient(slice_axis(second, 0, 1, 1), x), {0, 0, 1});
}

TEST_CASE("scans: empty tensors, errors") {
  for (const auto& row : scan_table) {
    CAPTURE(row.op);
    for (const Shape& shape : {Shape{0}, Shape{0, 3}, Shape{3, 0}}) {
      const Tensor x = zeros(shape, float64);
      GradientTape tape;
      tape.watch(x);
      const Tensor y = row.f(x, 0, {});
      CHECK(y.shape() == shape);
      CHECK(tape.gradient(y, x).shape() == shape);
    }
    CHECK_THROWS_TEXT(IndexError, "[" + row.op + "] axis 2 is outside a tensor of rank 2", row.f(ones({2, 3}), 2, {}));
    CHECK_THROWS_TEXT(IndexError, "[" + row.op + "] axis 0 is outside a tensor of rank 0", row.f(ones({}), 0, {}));
    CHECK_THROWS_TEXT(TypeError, "[" + row.op + "] expected a numeric tensor, received bool",
                      row.f(ones({2}, boolean), 0, {}));
  }
}

TEST_CASE("scans: extremes; results do not depend on the threads") {
  CHECK_CLOSE(cumsum(tensor({1, INFINITY, 1, -INFINITY})), {1, INFINITY, INFINITY, NAN});
  CHECK_CLOSE(cumprod(tensor({300, -300, NAN, 1})), {300, -90000, NAN, NAN});
  for (const auto& row : scan_table) {
    for (const Shape& shape : {Shape{100'000, 3}, Shape{3, 100'000}, Shape{20, 100, 100}}) {
      const Tensor x = some(shape, float32, 0.99, 1.01);
      for (int axis = 0; axis < shape.rank(); ++axis) {
        const auto with_threads = [&](int count) {
          const Threads threads(count);
          return row.f(x, axis, {});
        };
        CHECK_SAME_BITS(with_threads(3), with_threads(1));
      }
    }
  }
}

TEST_CASE("diff: as in NumPy's documentation, gradients, errors") {
  const Tensor x = constant({1, 2, 4, 7, 0});
  CHECK_CLOSE(diff(x), {1, 2, 3, -7}, 0);
  CHECK_CLOSE(diff(x, 2), {1, 1, -10}, 0);
  CHECK_CLOSE(diff(x, 0), {1, 2, 4, 7, 0}, 0);
  const Tensor m = constant({{1, 3, 6, 10}, {0, 5, 6, 8}});
  CHECK_CLOSE(diff(m), tensor({2, 3, 4, 5, 1, 2}, {2, 3}), 0);
  CHECK_CLOSE(diff(m, 1, 0), tensor({-1, 2, 0, -2}, {1, 4}), 0);
  CHECK(diff(m, 9).shape() == Shape{2, 0});
  CHECK(diff(zeros({0, 2}), 1, 0).shape() == Shape{0, 2});
  CHECK(check_gradients([](const Tensor& t) { return diff(square(t), 2, 1); }, some({2, 4, 2})));
  CHECK_THROWS_TEXT(ValueError, "[diff] expected n of at least 0, received -1", diff(x, -1));
  CHECK_THROWS_TEXT(TypeError, "[diff] expected a numeric tensor, received bool", diff(x > 1));
}
