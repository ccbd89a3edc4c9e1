#include "xtape/ops/reduce.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

using List = std::vector<double>;

enum class Takes { floating, numbers, bools };

/// A reduction over axes.
struct Reduction {
  std::string op;
  Tensor (*f)(const Tensor&, const Axes&, bool);
  double (*formula)(const List&);
  Takes takes = Takes::numbers;
  bool of_none = true;  ///< whether no elements have a result; otherwise they throw
};

double variance(const List& x) {
  const auto n = static_cast<double>(x.size());
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  return std::accumulate(x.begin(), x.end(), 0.0,
                         [mean](double sum, double v) { return sum + (v - mean) * (v - mean); }) /
         n;
}

const Table<Reduction> reduce_table{
    {"reduce_sum", reduce_sum, [](const List& x) { return std::accumulate(x.begin(), x.end(), 0.0); }},
    {"reduce_mean", reduce_mean,
     [](const List& x) { return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size()); },
     Takes::floating},
    {"reduce_prod", reduce_prod,
     [](const List& x) { return std::accumulate(x.begin(), x.end(), 1.0, std::multiplies()); }},
    {"reduce_max", reduce_max, [](const List& x) { return *std::max_element(x.begin(), x.end()); }, Takes::numbers,
     false},
    {"reduce_min", reduce_min, [](const List& x) { return *std::min_element(x.begin(), x.end()); }, Takes::numbers,
     false},
    {"reduce_logsumexp", reduce_logsumexp,
     [](const List& x) {
       double sum = 0;
       for (const double v : x) sum += std::exp(v);
       return std::log(sum);
     },
     Takes::floating},
    {"reduce_variance", reduce_variance, variance, Takes::floating},
    {"reduce_std", reduce_std, [](const List& x) { return std::sqrt(variance(x)); }, Takes::floating},
    {"norm", [](const Tensor& x, const Axes& axes, bool keepdims) { return norm(x, {}, axes, keepdims); },
     [](const List& x) { return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0)); }, Takes::floating},
    {"norm", [](const Tensor& x, const Axes& axes, bool keepdims) { return norm(x, {.ord = 1}, axes, keepdims); },
     [](const List& x) { return std::accumulate(x.begin(), x.end(), 0.0); }, Takes::floating},
    {"norm",
     [](const Tensor& x, const Axes& axes, bool keepdims) { return norm(x, {.ord = INFINITY}, axes, keepdims); },
     [](const List& x) { return x.empty() ? 0 : *std::max_element(x.begin(), x.end()); }, Takes::floating},
    {"norm", [](const Tensor& x, const Axes& axes, bool keepdims) { return norm(x, {.ord = 3}, axes, keepdims); },
     [](const List& x) {
       return std::cbrt(std::accumulate(x.begin(), x.end(), 0.0, [](double sum, double v) { return sum + v * v * v; }));
     },
     Takes::floating},
    {"reduce_all", reduce_all, [](const List& x) { return double(std::count(x.begin(), x.end(), 0) == 0); },
     Takes::bools},
    {"reduce_any", reduce_any,
     [](const List& x) { return double(std::count(x.begin(), x.end(), 0) < static_cast<std::ptrdiff_t>(x.size())); },
     Takes::bools},
};

const FunctionRows reduce_replays(reduce_table, [](const Reduction& row) {
  std::vector<FunctionRow> rows;
  for (const Axes& axes : {Axes(), Axes(1), Axes({0, 2})}) {
    rows.push_back({row.op, [f = row.f, axes](const OpInputs& x) { return f(x[0], axes, false); },
                    [takes = row.takes](int call) {
                      const Tensor x = fresh({2, 3, 4}, call);
                      return OpInputs{takes == Takes::bools ? x > -1.5 : x};
                    }});
  }
  return rows;
});

const Table<Alone> reduce_alone{{"argmax"}, {"argmin"}};

bool contains(const std::vector<int>& axes, int axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

/// The elements that become one, for each element of the result, in the axes' order.
std::vector<List> groups(const Tensor& x, const std::vector<int>& axes) {
  std::int64_t count = 1;
  for (int axis = 0; axis < x.rank(); ++axis) count *= contains(axes, axis) ? 1 : x.shape()[axis];
  std::vector<List> result(static_cast<std::size_t>(count));
  const List values = to_doubles(x);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    std::int64_t rest = i, place = 0, stride = 1;
    for (int axis = x.rank() - 1; axis >= 0; --axis) {
      const std::int64_t index = rest % x.shape()[axis];
      rest /= x.shape()[axis];
      if (contains(axes, axis)) continue;
      place += index * stride;
      stride *= x.shape()[axis];
    }
    result[static_cast<std::size_t>(place)].push_back(values[static_cast<std::size_t>(i)]);
  }
  return result;
}

Shape reduced(const Shape& shape, const std::vector<int>& axes, bool keepdims) {
  std::vector<std::int64_t> sizes;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (!contains(axes, axis)) {
      sizes.push_back(shape[axis]);
    } else if (keepdims) {
      sizes.push_back(1);
    }
  }
  return Shape(sizes);
}

/// All sets of axes of a rank.
std::vector<std::vector<int>> sets_of_axes(int rank) {
  std::vector<std::vector<int>> sets;
  for (int bits = 0; bits < 1 << rank; ++bits) {
    sets.emplace_back();
    for (int axis = 0; axis < rank; ++axis) {
      if ((bits >> axis & 1) != 0) sets.back().push_back(axis);
    }
  }
  return sets;
}

Tensor values_for(const Reduction& row, const Shape& shape, DType dtype) {
  return row.takes == Takes::bools ? some(shape) > -1 : cast(some(shape, float64, 1, 5), dtype);
}

}  // namespace

TEST_CASE("reductions: every set of axes, kept or not, of several shapes and dtypes") {
  for (const auto& row : reduce_table) {
    CAPTURE(row.op);
    for (const Shape& shape : {Shape{}, Shape{7}, Shape{3, 5}, Shape{2, 3, 4}, Shape{2, 1, 3, 2}, Shape{1, 40, 33}}) {
      CAPTURE(shape.str());
      for (const auto& axes : sets_of_axes(shape.rank())) {
        for (const DType dtype : {float64, float32, int32}) {
          if (row.takes == Takes::floating && dtype == int32) continue;
          if (row.op == "reduce_prod" && shape.numel() > 100) continue;  // overflows
          const Tensor x = values_for(row, shape, dtype);
          List expected;
          for (const auto& group : groups(x, axes)) expected.push_back(rounded(row.formula(group), dtype));
          for (const bool keepdims : {false, true}) {
            const Tensor y = row.f(x, axes, keepdims);
            CHECK(y.shape() == reduced(shape, axes, keepdims));
            CHECK(y.dtype() == x.dtype());
            CHECK_CLOSE(y, expected, dtype == int32 ? 0 : 8 * epsilon(dtype));
          }
        }
      }
    }
  }
}

TEST_CASE("reductions: the forms of naming axes") {
  const Tensor x = values_for(*reduce_table.begin(), {2, 3, 4}, float64);
  for (const auto& row : reduce_table) {
    CAPTURE(row.op);
    const Tensor t = values_for(row, {2, 3, 4}, float64);
    CHECK_TENSOR_EQ(row.f(t, {}, false), row.f(t, {0, 1, 2}, false));
    CHECK_TENSOR_EQ(row.f(t, -1, false), row.f(t, 2, false));
    CHECK_TENSOR_EQ(row.f(t, {-1, -3}, true), row.f(t, {0, 2}, true));
    CHECK_TENSOR_EQ(row.f(t, std::vector<int>{2, 0}, true), row.f(t, {0, 2}, true));
    List alone_each;
    for (const double v : to_doubles(t)) alone_each.push_back(row.formula({v}));
    CHECK_CLOSE(row.f(t, std::vector<int>{}, false), tensor(alone_each, {2, 3, 4}), 1e-15);
  }
  CHECK_TENSOR_EQ(reduce_sum(x), reduce_sum(x, {0, 1, 2}));
}

TEST_CASE("reductions: gradients agree with finite differences to second order") {
  for (const auto& row : reduce_table) {
    if (row.takes == Takes::bools) continue;
    CAPTURE(row.op);
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{5}, Shape{2, 3}, Shape{2, 3, 2}}) {
      CAPTURE(shape.str());
      for (const auto& axes : sets_of_axes(shape.rank())) {
        for (const bool keepdims : {false, true}) {
          const GradientCheck check =
              check_gradients([&](const Tensor& x) { return row.f(x, axes, keepdims); }, some(shape, float64, 0.5, 3));
          CHECK_MESSAGE(check, check.message);
        }
      }
    }
  }
}

TEST_CASE("reductions: of no elements") {
  for (const auto& row : reduce_table) {
    CAPTURE(row.op);
    const DType dtype = row.takes == Takes::bools ? boolean : float32;
    const Tensor x = zeros({2, 0, 3}, dtype);
    // Reducing nothing to an empty result works for all.
    CHECK_TENSOR_EQ(row.f(x, 0, false), zeros({0, 3}, dtype));
    CHECK_TENSOR_EQ(row.f(x, {0, 2}, true), zeros({1, 0, 1}, dtype));
    if (!row.of_none) {
      CHECK_THROWS_TEXT(ValueError,
                        "[" + row.op + "] there is no element to choose: shape (2, 0, 3) has a reduced axis of size 0",
                        row.f(x, 1, false));
      CHECK_THROWS_TEXT(ValueError, "there is no element to choose", row.f(x, {}, false));
      continue;
    }
    CHECK_TENSOR_EQ(row.f(x, 1, true), full({2, 1, 3}, row.formula({}), dtype));
    CHECK_TENSOR_EQ(row.f(x, {}, false), full({}, row.formula({}), dtype));
    if (dtype == boolean) continue;
    GradientTape tape;
    tape.watch(x);
    const Tensor dx = tape.gradient(row.f(x, 1, false), x);
    REQUIRE(dx.defined());
    CHECK(dx.shape() == x.shape());
  }
}

TEST_CASE("reductions: dtypes that are errors, axes that are errors") {
  for (const auto& row : reduce_table) {
    CAPTURE(row.op);
    const DType dtype = row.takes == Takes::bools ? boolean : float32;
    const Tensor x = ones({2, 3}, dtype);
    CHECK_THROWS_TEXT(IndexError, "[" + row.op + "] axis 2 is outside a tensor of rank 2, expected -2 <= axis < 2",
                      row.f(x, 2, false));
    CHECK_THROWS_TEXT(IndexError, "[" + row.op + "] axis -3 is outside a tensor of rank 2", row.f(x, {0, -3}, false));
    CHECK_THROWS_TEXT(IndexError, "[" + row.op + "] axis 0 is outside a tensor of rank 0",
                      row.f(ones({}, dtype), 0, false));
    CHECK_THROWS_TEXT(ValueError, "[" + row.op + "] axis -1 is named twice", row.f(x, {1, -1}, false));
    if (row.takes == Takes::bools) {
      CHECK_THROWS_TEXT(TypeError, "[" + row.op + "] expected a bool tensor, received float32",
                        row.f(ones({2}), {}, false));
    } else {
      CHECK_THROWS_TEXT(TypeError, "tensor, received bool", row.f(ones({2}, boolean), {}, false));
    }
    if (row.takes == Takes::floating) {
      CHECK_THROWS_TEXT(TypeError, "[" + row.op + "] expected a floating tensor, received int32: cast it",
                        row.f(ones({2}, int32), {}, false));
    }
  }
}

TEST_CASE("reductions: NaN and infinities") {
  const Tensor x = tensor({1, NAN, 3, -INFINITY, 5, INFINITY}, {2, 3}, float32);
  CHECK_CLOSE(reduce_max(x, 0), {1, NAN, INFINITY});
  CHECK_CLOSE(reduce_min(x, 0), {-INFINITY, NAN, 3});
  CHECK_CLOSE(reduce_max(x, 1), {NAN, INFINITY});
  CHECK_CLOSE(reduce_min(x, 1), {NAN, -INFINITY});
  CHECK_CLOSE(reduce_sum(x, 1), {NAN, NAN});
  CHECK_CLOSE(reduce_sum(x, 0), {-INFINITY, NAN, INFINITY});
  // Also among many elements, for each position of the NaN in the vectors.
  for (const std::int64_t at : {0, 1, 15, 16, 63, 64, 200, 255}) {
    std::vector<double> values(256, 1.0);
    values[static_cast<std::size_t>(at)] = NAN;
    for (const Shape& shape : {Shape{256}, Shape{256, 1}, Shape{1, 256}, Shape{4, 64}}) {
      CHECK_CLOSE(reduce_max(tensor(values, shape, float32)), NAN);
      CHECK_CLOSE(reduce_min(tensor(values, shape, float32)), NAN);
      CHECK_CLOSE(reduce_sum(tensor(values, shape, float32)), NAN);
    }
  }
  CHECK_CLOSE(reduce_max(full({300}, -INFINITY)), -INFINITY);
  CHECK_CLOSE(reduce_min(full({300}, INFINITY)), INFINITY);
}

TEST_CASE("reductions: elements that share the extreme share its gradient") {
  const Tensor x = tensor({1, 3, 3, 2, 2, 2}, {2, 3});
  const auto gradient = [&x](auto f) {
    GradientTape tape;
    tape.watch(x);
    return tape.gradient(f(x) * tensor({1, 10}), x);
  };
  CHECK_CLOSE(gradient([](const Tensor& t) { return reduce_max(t, 1); }), {0, 0.5, 0.5, 10.0 / 3, 10.0 / 3, 10.0 / 3});
  CHECK_CLOSE(gradient([](const Tensor& t) { return reduce_min(t, 1); }), {1, 0, 0, 10.0 / 3, 10.0 / 3, 10.0 / 3});
}

TEST_CASE("reductions: the product's gradient where elements are zero") {
  // d prod / d x_i is the product of the others.
  for (const List& values :
       {List{2, 0, 3, 4}, List{0, 0, 3, 4}, List{0, 0, 0, 4}, List{-1, 2, -3, 0}, List{5, 0, 7, 1, 2}}) {
    List expected;
    for (std::size_t i = 0; i < values.size(); ++i) {
      double others = 1;
      for (std::size_t k = 0; k < values.size(); ++k) others *= k == i ? 1 : values[k];
      expected.push_back(others);
    }
    const Tensor x = tensor(values);
    GradientTape tape;
    tape.watch(x);
    CHECK_CLOSE(tape.gradient(reduce_prod(x), x), expected);
    const GradientCheck check = check_gradients([](const Tensor& t) { return reduce_prod(t); }, x);
    CHECK_MESSAGE(check, check.message);
  }
}

TEST_CASE("reductions: long sums stay accurate, whatever the threads") {
  // The float32 sum of n equal numbers, against n x in double: summing one after another is off by 1e-2 here.
  const std::int64_t n = 3'000'001;
  for (const Shape& shape : {Shape{n}, Shape{n, 1}, Shape{1, n}, Shape{n / 3, 3}}) {
    CAPTURE(shape.str());
    const Tensor x = full(shape, 0.1);
    const double expected = static_cast<double>(x.size()) * static_cast<double>(0.1f);
    CHECK_CLOSE(reduce_sum(x), expected, 1e-6);
    CHECK_CLOSE(reduce_mean(x), static_cast<double>(0.1f), 1e-6);
    CHECK_CLOSE(reduce_sum(reduce_sum(x, 0)), expected, 1e-5);
  }
}

TEST_CASE("reductions: results do not depend on the threads") {
  for (const auto& row : reduce_table) {
    CAPTURE(row.op);
    for (const Shape& shape :
         {Shape{1'000'003}, Shape{1000, 301}, Shape{301, 1000}, Shape{7, 200, 301}, Shape{3, 200'001}}) {
      const Tensor x = row.takes == Takes::bools ? some(shape) > -3 : some(shape, float32, 0.99, 1.01);
      for (const Axes& axes : {Axes(), Axes(0), Axes(-1)}) {
        const auto with_threads = [&](int count) {
          const Threads threads(count);
          return row.f(x, axes, false);
        };
        const Tensor y = with_threads(1);
        CHECK_SAME_BITS(with_threads(3), y);
      }
    }
  }
}

TEST_CASE("argmax, argmin: the first of the largest or smallest; NaN counts as such") {
  const Tensor x = tensor({3, 9, 9, 1, 1, 4}, {2, 3});
  for (const DType dtype : {float32, float64, bfloat16, int32, int64, uint8}) {
    const Tensor t = cast(x, dtype);
    CHECK_TENSOR_EQ(argmax(t), constant({0, 0, 0}, int64));  // along axis 0 unless told, as in TensorFlow
    CHECK_TENSOR_EQ(argmax(t, 1), constant({1, 2}, int64));
    CHECK_TENSOR_EQ(argmin(t, -1), constant({0, 0}, int64));
    CHECK_TENSOR_EQ(argmin(t, 0), constant({1, 1, 1}, int64));
  }
  CHECK_TENSOR_EQ(argmax(some({2, 3, 4}), 1), argmax(transpose(some({2, 3, 4}), {0, 2, 1}), 2));
  const Tensor with_nan = tensor({1, NAN, 5, NAN}, float32);
  CHECK(argmax(with_nan).item<int>() == 1);
  CHECK(argmin(with_nan).item<int>() == 1);
  CHECK(argmax(zeros({3, 0}), 0).shape() == Shape{0});
  CHECK_THROWS_TEXT(ValueError, "[argmax] there is no element to choose: axis 1 of shape (3, 0) has size 0",
                    argmax(zeros({3, 0}), 1));
  CHECK_THROWS_TEXT(IndexError, "[argmin] axis 1 is outside a tensor of rank 1", argmin(zeros({3}), 1));
  GradientTape tape;
  tape.watch(x);
  argmax(x);
  CHECK(tape.num_records() == 0);
}
