#include "xtape/ops/map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "ops/table.hpp"
#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/format.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using xtape::testing::some;
using xtape::testing::tensor;

namespace {

const testing::Table<testing::Alone> table = {{"map"}};

/// A function of one argument in map, and that of the standard library.
struct Row {
  std::string function;
  std::function<Tensor(const Tensor&)> mapped;
  std::function<double(double)> formula;
  double low, high;
};

// One function object for all rows, of which each is found by its number: to compile one for each takes minutes.
// Macros, as the functions must be found through their arguments.
#define XTAPE_ROWS                                                                                      \
  XTAPE_ROW("abs", abs(x), [](double x) { return std::abs(x); })                                        \
  XTAPE_ROW("exp", exp(x), [](double x) { return std::exp(x); })                                        \
  XTAPE_ROW("expm1", expm1(x), [](double x) { return std::expm1(x); })                                  \
  XTAPE_ROW(                                                                                            \
      "log", log(x), [](double x) { return std::log(x); }, 0.1, 4)                                      \
  XTAPE_ROW(                                                                                            \
      "log1p", log1p(x), [](double x) { return std::log1p(x); }, -0.8, 4)                               \
  XTAPE_ROW(                                                                                            \
      "sqrt", sqrt(x), [](double x) { return std::sqrt(x); }, 0.1, 4)                                   \
  XTAPE_ROW("square", square(x), [](double x) { return x * x; })                                        \
  XTAPE_ROW(                                                                                            \
      "sin", sin(x), [](double x) { return std::sin(x); }, -8, 8)                                       \
  XTAPE_ROW(                                                                                            \
      "cos", cos(x), [](double x) { return std::cos(x); }, -8, 8)                                       \
  XTAPE_ROW(                                                                                            \
      "tan", tan(x), [](double x) { return std::tan(x); }, -1.2, 1.2)                                   \
  XTAPE_ROW(                                                                                            \
      "atan", atan(x), [](double x) { return std::atan(x); }, -4, 4)                                    \
  XTAPE_ROW("sinh", sinh(x), [](double x) { return std::sinh(x); })                                     \
  XTAPE_ROW("cosh", cosh(x), [](double x) { return std::cosh(x); })                                     \
  XTAPE_ROW("tanh", tanh(x), [](double x) { return std::tanh(x); })                                     \
  XTAPE_ROW("sigmoid", sigmoid(x), [](double x) { return 1 / (1 + std::exp(-x)); })                     \
  XTAPE_ROW("erf", erf(x), [](double x) { return std::erf(x); })                                        \
  XTAPE_ROW("relu", relu(x), [](double x) { return std::max(x, 0.0); })                                 \
  XTAPE_ROW("sign", sign(x), [](double x) { return x > 0 ? 1.0 : -1.0; })                               \
  XTAPE_ROW("pow of whole exponents", pow(x, 5) - pow(x, 1) + pow(x, 0),                                \
            [](double x) { return std::pow(x, 5) - x + 1; })                                            \
  XTAPE_ROW(                                                                                            \
      "pow of other exponents", pow(x, -1.5) + pow(x, 2.5),                                             \
      [](double x) { return std::pow(x, -1.5) + std::pow(x, 2.5); }, 0.3, 3)                            \
  XTAPE_ROW("pow of a number", pow(2, x), [](double x) { return std::pow(2, x); })                      \
  XTAPE_ROW("arithmetic", (+x - 3) * x / (2 + x * x) - (1 - -x),                                        \
            [](double x) { return (x - 3) * x / (2 + x * x) - 1 - x; })                                 \
  XTAPE_ROW("max, min", max(min(x, 1), -1) * x, [](double x) { return std::clamp(x, -1.0, 1.0) * x; })  \
  XTAPE_ROW("select", select(x > 0 && !(x >= 1), x * x, where(x < -1 || x != x, 3, -x)), [](double x) { \
    return x > 0 && x < 1 ? x * x : x < -1 ? 3 : -x;                                                    \
  })

struct RowFunction {
  std::size_t number;
  template <class T>
  T operator()(const T& x) const {
    std::size_t row = 0;
#define XTAPE_ROW(name, expression, ...) \
  if (number == row++) return expression;
    XTAPE_ROWS
#undef XTAPE_ROW
    return x;
  }
};

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  const auto add = [&](const char* name, std::function<double(double)> formula, double low = -2, double high = 2) {
    const RowFunction function{rows.size()};
    rows.push_back({name, [function](const Tensor& t) { return map(function, t); }, std::move(formula), low, high});
  };
#define XTAPE_ROW(name, expression, ...) add(name, __VA_ARGS__);
  XTAPE_ROWS
#undef XTAPE_ROW
  return rows;
}

const std::vector<Row> functions = all_rows();

// As above, with the value and the first and second derivative at -inf, -far, 0, far and inf.
#define XTAPE_CASES                                                                                                   \
  XTAPE_CASE("abs", abs(x), {inf, -1, 0}, {far, -1, 0}, {0, 0, 0}, {far, 1, 0}, {inf, 1, 0})                          \
  XTAPE_CASE("exp", exp(x), {0, 0, 0}, {0, 0, 0}, {1, 1, 1}, {inf, inf, inf}, {inf, inf, inf})                        \
  XTAPE_CASE("expm1", expm1(x), {-1, 0, 0}, {-1, 0, 0}, {0, 1, 1}, {inf, inf, inf}, {inf, inf, inf})                  \
  XTAPE_CASE("log of |x|", log(abs(x)), {inf, tiny, tiny}, {std::log(far), tiny, tiny}, {-inf, nan, nan},             \
             {std::log(far), tiny, tiny}, {inf, tiny, tiny})                                                          \
  XTAPE_CASE("log1p of |x|", log1p(abs(x)), {inf, tiny, tiny}, {std::log(far), tiny, tiny}, {0, 0, 0},                \
             {std::log(far), tiny, tiny}, {inf, tiny, tiny})                                                          \
  XTAPE_CASE("square", square(x * 1e-20), {inf, -inf, tiny}, {1e20, -2e-10, tiny}, {0, 0, tiny}, {1e20, 2e-10, tiny}, \
             {inf, inf, tiny})                                                                                        \
  XTAPE_CASE("atan", atan(x), {-half_pi, 0, 0}, {-half_pi, tiny, tiny}, {0, 1, 0}, {half_pi, tiny, tiny},             \
             {half_pi, 0, 0})                                                                                         \
  XTAPE_CASE("atan of 1e-5 x", atan(x * 1e-5), {-half_pi, 0, 0}, {-half_pi, tiny, tiny}, {0, 1e-5, 0},                \
             {half_pi, tiny, tiny}, {half_pi, 0, 0})                                                                  \
  XTAPE_CASE("sinh", sinh(x), {-inf, inf, -inf}, {-inf, inf, -inf}, {0, 1, 0}, {inf, inf, inf}, {inf, inf, inf})      \
  XTAPE_CASE("cosh", cosh(x), {inf, -inf, inf}, {inf, -inf, inf}, {1, 0, 1}, {inf, inf, inf}, {inf, inf, inf})        \
  XTAPE_CASE("tanh", tanh(x), {-1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {1, 0, 0}, {1, 0, 0})                                \
  XTAPE_CASE("sigmoid", sigmoid(x), {0, 0, 0}, {0, 0, 0}, {0.5, 0.25, 0}, {1, 0, 0}, {1, 0, 0})                       \
  XTAPE_CASE("erf", erf(x), {-1, 0, 0}, {-1, 0, 0}, {0, slope, 0}, {1, 0, 0}, {1, 0, 0})                              \
  XTAPE_CASE("relu", relu(x), {0, 0, 0}, {0, 0, 0}, {0, 0, 0}, {far, 1, 0}, {inf, 1, 0})                              \
  XTAPE_CASE("max", max(x, 1), {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {far, 1, 0}, {inf, 1, 0})                             \
  XTAPE_CASE("min", min(x, 1), {-inf, 1, 0}, {-far, 1, 0}, {0, 1, 0}, {1, 0, 0}, {1, 0, 0})                           \
  XTAPE_CASE("reciprocal", 1 / x, {0, 0, 0}, {-1 / far, tiny, tiny}, {inf, -inf, inf}, {1 / far, tiny, tiny},         \
             {0, 0, 0})                                                                                               \
  XTAPE_CASE("square root of |x|", sqrt(abs(x)), {inf, 0, 0}, {1e15, -5e-16, tiny}, {0, nan, nan},                    \
             {1e15, 5e-16, tiny}, {inf, 0, 0})                                                                        \
  XTAPE_CASE("2^x", pow(2, x), {0, 0, 0}, {0, 0, 0}, {1, log2, log2 * log2}, {inf, inf, inf}, {inf, inf, inf})        \
  XTAPE_CASE("x^1", pow(x, 1), {-inf, 1, 0}, {-far, 1, 0}, {0, 1, 0}, {far, 1, 0}, {inf, 1, 0})                       \
  XTAPE_CASE("x^-1", pow(x, -1), {0, 0, 0}, {-1 / far, tiny, tiny}, {inf, -inf, inf}, {1 / far, tiny, tiny}, {0, 0, 0})

struct CaseFunction {
  std::size_t number;
  template <class T>
  T operator()(const T& x) const {
    std::size_t row = 0;
#define XTAPE_CASE(name, expression, ...) \
  if (number == row++) return expression;
    XTAPE_CASES
#undef XTAPE_CASE
    return x;
  }
};

Tensor gradient(const std::function<Tensor(const Tensor&)>& f, const Tensor& x) {
  GradientTape tape;
  tape.watch(x);
  const Tensor y = f(x);
  return tape.gradient(y, x);
}

}  // namespace

TEST_CASE("map: every function has the values of the standard library's, in both dtypes") {
  for (const auto& row : functions) {
    for (const DType dtype : {float32, float64}) {
      CAPTURE(row.function);
      CAPTURE(dtype);
      const Tensor x = some({37}, dtype, row.low, row.high);
      std::vector<double> expected;
      for (const double v : testing::to_doubles(x)) expected.push_back(row.formula(v));
      const Tensor y = row.mapped(x);
      CHECK(y.dtype() == dtype);
      CHECK(y.shape() == x.shape());
      CHECK_CLOSE(y, expected, 16 * testing::epsilon(dtype), 16 * testing::epsilon(dtype));
    }
  }
}

TEST_CASE("map: every function has its derivatives to the third order, the last one through ops") {
  for (const auto& row : functions) {
    CAPTURE(row.function);
    const auto check = check_gradients(row.mapped, some({7}, float64, row.low, row.high), {.order = 3, .rtol = 2e-5});
    CHECK_MESSAGE(check.ok, check.message);
  }
}

TEST_CASE("map: values and derivatives at ties and edges are those of the ops") {
  struct Pair {
    std::string name;
    std::function<Tensor(const Tensor&, const Tensor&)> mapped, ops;
  };
  const std::vector<Pair> pairs = {
      {"max", [](const Tensor& a, const Tensor& b) { return map([](auto p, auto q) { return max(p, q); }, a, b); },
       maximum},
      {"min", [](const Tensor& a, const Tensor& b) { return map([](auto p, auto q) { return min(p, q); }, a, b); },
       minimum},
      {"pow", [](const Tensor& a, const Tensor& b) { return map([](auto p, auto q) { return pow(p, q); }, a, b); },
       [](const Tensor& a, const Tensor& b) { return pow(a, b); }},
      {"divide", [](const Tensor& a, const Tensor& b) { return map([](auto p, auto q) { return p / q; }, a, b); },
       divide},
      {"abs, relu",
       [](const Tensor& a, const Tensor& b) { return map([](auto p, auto q) { return abs(p) + 2 * relu(q); }, a, b); },
       [](const Tensor& a, const Tensor& b) { return abs(a) + 2 * nn::relu(b); }},
      {"sqrt, exp",
       [](const Tensor& a, const Tensor& b) { return map([](auto p, auto q) { return sqrt(p) - exp(q); }, a, b); },
       [](const Tensor& a, const Tensor& b) { return sqrt(a) - exp(b); }},
      {"sigmoid, tanh",
       [](const Tensor& a, const Tensor& b) { return map([](auto p, auto q) { return sigmoid(p) - tanh(q); }, a, b); },
       [](const Tensor& a, const Tensor& b) { return sigmoid(a) - tanh(b); }},
  };
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> edges = {0, -0.0, 1, -1, 2, 300, -300, inf, -inf, nan};
  std::vector<double> left, right;
  for (const double p : edges) {
    for (const double q : edges) left.push_back(p), right.push_back(q);
  }
  for (const auto& pair : pairs) {
    for (const DType dtype : {float32, float64}) {
      CAPTURE(pair.name);
      CAPTURE(dtype);
      const Tensor a = tensor(left, dtype), b = tensor(right, dtype);
      GradientTape tape({.persistent = true});
      tape.watch({a, b});
      const Tensor actual = pair.mapped(a, b), expected = pair.ops(a, b);
      const double tolerance = 8 * testing::epsilon(dtype);
      CHECK_CLOSE(actual, expected, tolerance);
      tape.stop();
      for (const Tensor& source : {a, b}) {
        CHECK_CLOSE(tape.gradient(actual, source), tape.gradient(expected, source), tolerance);
      }
    }
  }
}

TEST_CASE("map: values and derivatives to the second order at 0, of large numbers and at infinities are the limits") {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const double half_pi = std::acos(0), slope = 2 / std::sqrt(std::acos(-1)), log2 = std::log(2);
  struct Case {
    std::string function;
    std::function<Tensor(const Tensor&)> mapped;
    std::array<double, 3> least, low, zero, high, most;  // value, first and second derivative at -inf, ..., inf
  };
  const double far = 1e30, tiny = 0;  // smaller than any tolerance below
  std::vector<Case> cases;
#define XTAPE_CASE(name, expression, ...) \
  cases.push_back(Case{name, [f = CaseFunction{cases.size()}](const Tensor& t) { return map(f, t); }, __VA_ARGS__});
  XTAPE_CASES
#undef XTAPE_CASE
  const std::vector<double> points = {-inf, -far, 0, far, inf};
  for (const auto& each : cases) {
    for (const DType dtype : {float32, float64}) {
      CAPTURE(each.function);
      CAPTURE(dtype);
      std::array<std::vector<double>, 3> expected;
      for (std::size_t order = 0; order < 3; ++order) {
        for (const auto& at : {each.least, each.low, each.zero, each.high, each.most}) {
          expected[order].push_back(testing::rounded(at[order], dtype));
        }
      }
      const auto check = [&](const Tensor& actual, std::size_t order) {
        CAPTURE(order);
        const auto values = testing::to_doubles(actual);
        for (std::size_t i = 0; i < points.size(); ++i) {
          CAPTURE(points[i]);
          if (std::isnan(expected[order][i])) continue;  // no limit
          CHECK_CLOSE(std::vector<double>{values[i]}, {expected[order][i]}, 32 * testing::epsilon(dtype), 1e-25);
        }
      };
      const Tensor x = tensor(points, dtype);
      check(each.mapped(x), 0);
      const auto first = [&](const Tensor& t) { return gradient(each.mapped, t); };
      check(first(x), 1);
      check(gradient(first, x), 2);
    }
  }
}

TEST_CASE("map: inputs broadcast, and so do their gradients") {
  const auto mapped = [](const Tensor& a, const Tensor& b, const Tensor& c) {
    return map([](auto p, auto q, auto r) { return p * q + tanh(r * p); }, a, b, c);
  };
  const auto ops = [](const Tensor& a, const Tensor& b, const Tensor& c) { return a * b + tanh(c * a); };
  const std::vector<std::array<Shape, 3>> cases = {
      {{{5, 7}, {5, 7}, {5, 7}}},   {{{5, 7}, {7}, {}}},
      {{{7}, {5, 1}, {1}}},         {{{}, {}, {}}},
      {{{4, 1, 3}, {5, 1}, {3}}},   {{{1, 1}, {1}, {}}},
      {{{2, 70}, {1, 70}, {2, 1}}}, {{{1, 9}, {9}, {1, 1, 9}}},
      {{{3, 0}, {1}, {3, 1}}},      {{{2, 3, 1, 5, 1, 2, 1}, {5, 3, 1, 4}, {2, 1}}},
  };
  for (const auto& shapes : cases) {
    for (const DType dtype : {float32, float64}) {
      CAPTURE(fmt::format("{} {} {}", shapes[0], shapes[1], shapes[2]));
      const Tensor a = some(shapes[0], dtype), b = some(shapes[1], dtype), c = some(shapes[2], dtype);
      GradientTape tape({.persistent = true});
      tape.watch({a, b, c});
      const Tensor actual = mapped(a, b, c), expected = ops(a, b, c);
      CHECK(actual.shape() == expected.shape());
      const double tolerance = 32 * testing::epsilon(dtype);
      CHECK_CLOSE(actual, expected, tolerance, tolerance);
      tape.stop();
      for (const Tensor& source : {a, b, c}) {
        CHECK_CLOSE(tape.gradient(actual, source), tape.gradient(expected, source), tolerance, 10 * tolerance);
      }
    }
  }
  CHECK(check_gradients(mapped, some({2, 3}), some({3}), some({2, 1}), {.order = 3}));
  CHECK_THROWS_TEXT(ValueError, "[map] shapes do not broadcast: (2, 3) and (2,)",
                    mapped(some({2, 3}), some({2}), some({3})));
}

TEST_CASE("map: an element's result depends neither on its place nor on the number of threads") {
  const auto f = [](auto a, auto b) { return exp(a) * b - sin(b) / (1 + a * a); };
  for (const DType dtype : {float32, float64}) {
    const Tensor a = some({200'003}, dtype), b = some({200'003}, dtype);
    Tensor one, three;
    {
      testing::Threads threads(1);
      one = map(f, a, b);
    }
    {
      testing::Threads threads(3);
      three = map(f, a, b);
    }
    CHECK_SAME_BITS(one, three);
    for (const std::int64_t n : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65}) {
      CAPTURE(n);
      CHECK_SAME_BITS(map(f, slice_axis(a, 0, 5, n), slice_axis(b, 0, 5, n)), slice_axis(one, 0, 5, n));
    }
  }
}

TEST_CASE("map: only dtypes that are floating, and one of them") {
  const auto f = [](auto a, auto b) { return a + b; };
  CHECK_THROWS_TEXT(TypeError, "[map] expected a floating tensor, received int32", map(f, constant({1, 2}), 1.0));
  CHECK_THROWS_TEXT(TypeError, "[map] dtypes differ: float32 and float64, cast one of them",
                    map(f, constant({1.0f}), constant({1.0}, float64)));
  CHECK_THROWS_TEXT(ValueError, "[map] expected tensors, received an empty one", map(f, Tensor(), 1.0));
  CHECK_TENSOR_EQ(map(f, constant({1.0, 2.0}, float64), 0.1), constant({1.1, 2.1}, float64));
  CHECK_TENSOR_EQ(map(f, 2, constant({1.0f, 2.0f})), constant({3.0f, 4.0f}));
  CHECK_TENSOR_EQ(map(f, 2, 3), constant(5.0f));
  CHECK_TENSOR_EQ(map(f, Variable(constant({1.0f, 2.0f})), 1), constant({2.0f, 3.0f}));
  const Tensor low = cast(constant({1.0f, 2.5f}), bfloat16);
  CHECK_TENSOR_EQ(map(f, low, 1), cast(constant({2.0f, 3.5f}), bfloat16));
  CHECK_TENSOR_EQ(gradient([](const Tensor& t) { return map([](auto x) { return x * x; }, t); }, low),
                  cast(constant({2.0f, 5.0f}), bfloat16));
}

TEST_CASE("map: loops, variables of its own and captured numbers") {
  const double coefficients[] = {0.5, -1, 0, 2};
  const float scale = 3;
  const auto horner = [&coefficients, scale](auto x) {
    auto p = x * 0;
    for (const double c : coefficients) p = p * x + c;
    p += 1;
    p -= x;
    p *= scale;
    p /= 2.0;
    return p;
  };
  const Tensor x = some({5});
  const auto ops = [&](const Tensor& t) { return ((0.5 * t - 1) * t * t + 2 + 1 - t) * 1.5; };
  CHECK_CLOSE(map(horner, x), ops(x), 1e-14);
  const auto mapped = [&](const Tensor& t) { return map(horner, t); };
  CHECK(check_gradients(mapped, x, {.order = 4}));
  CHECK_TENSOR_EQ(map([](auto) { return 2; }, x), full({5}, 2, float64));
  CHECK_TENSOR_EQ(gradient([](const Tensor& t) { return map([](auto v) { return select(v > 0, 1, -1) * v; }, t); },
                           constant({-2.0, 3.0}, float64)),
                  constant({-1.0, 1.0}, float64));
}

TEST_CASE("map: an input without influence gets no infinite derivative times zero") {
  const auto f = [](auto a, auto b) { return sqrt(a) * b; };
  const Tensor a = constant({0.0, 4.0}, float64), b = constant({3.0, 3.0}, float64);
  GradientTape tape;
  tape.watch({a, b});
  const Tensor y = map(f, a, b);
  const Tensors g = tape.gradient(y, {a, b});
  CHECK_CLOSE(g[0], {std::numeric_limits<double>::infinity(), 0.75});
  CHECK_CLOSE(g[1], {0, 2});
}

TEST_CASE("map: gradients of some inputs only, of one input given twice, of a constant") {
  const auto f = [](auto a, auto b) { return a * a * b; };
  const Tensor a = some({4}), b = some({4});
  GradientTape tape({.persistent = true});
  tape.watch(b);
  const Tensor y = map(f, a, b), z = map(f, b, b), c = map([](auto v) { return 0 * v + 1; }, b);
  tape.stop();
  CHECK_FALSE(tape.gradient(y, a).defined());
  CHECK_CLOSE(tape.gradient(y, b), a * a, 1e-15);
  CHECK_CLOSE(tape.gradient(z, b), 3 * b * b, 1e-14);
  CHECK_CLOSE(tape.gradient(c, b), {0, 0, 0, 0});
  CHECK(check_gradients([&](const Tensor& t) { return map(f, t, t); }, a, {.order = 4}));
  CHECK(check_gradients([&](const Tensor& t) { return map(f, a, t); }, b, {.order = 3}));
}

TEST_CASE("map: the fifth derivative") {
  // d^n/dx^n e^(2 x) = 2^n e^(2 x)
  const std::function<Tensor(const Tensor&, int)> derivative = [&](const Tensor& x, int order) -> Tensor {
    if (order == 0) return map([](auto v) { return exp(2 * v); }, x);
    GradientTape tape;
    tape.watch(x);
    const Tensor y = derivative(x, order - 1);
    return tape.gradient(y, x);
  };
  const Tensor x = some({3});
  for (int order = 0; order <= 5; ++order) {
    CAPTURE(order);
    CHECK_CLOSE(derivative(x, order), exp(2 * x) * std::pow(2, order), 1e-13);
  }
}

TEST_CASE("map: eight inputs") {
  const auto f = [](auto a, auto b, auto c, auto d, auto e, auto g, auto h, auto i) {
    return a * b + c * d * a - e / g + h * tanh(i);
  };
  std::vector<Tensor> x;
  for (int i = 0; i < 8; ++i) x.push_back(some({3}) + 0.1 * i + (i == 5 ? 3 : 0));
  const auto mapped = [&](const std::vector<Tensor>& t) {
    return map(f, t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7]);
  };
  CHECK_CLOSE(mapped(x), x[0] * x[1] + x[2] * x[3] * x[0] - x[4] / x[5] + x[6] * tanh(x[7]), 1e-14);
  const auto check = check_gradients(mapped, x, {.order = 2});
  CHECK_MESSAGE(check.ok, check.message);
}

TEST_CASE("map: a step with its gradient asks the system for no memory") {
  const Tensor a = some({100, 10}, float32), b = some({10}, float32);
  const auto step = [&] {
    GradientTape tape;
    tape.watch({a, b});
    const Tensor y = map([](auto p, auto q) { return max(p * q + 1, 0); }, a, b);
    return tape.gradient(y, {a, b});
  };
  for (int i = 0; i < 3; ++i) step();
  const testing::AllocationCount count;
  for (int i = 0; i < 10; ++i) step();
  const auto allocations = count.value();
  if (testing::AllocationCount::available()) CHECK(allocations == 0);
}
