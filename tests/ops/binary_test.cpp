#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/bitwise.hpp"
#include "xtape/ops/numeric.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

enum class Takes { floating, integers, numbers, everything, bools };

using Formula = double (*)(double, double);

/// An op of two tensors that works element by element with broadcasting.
struct Binary {
  std::string op;
  Tensor (*f)(const Tensor&, const Tensor&);
  Formula formula;
  Takes takes = Takes::numbers;
  Formula da = nullptr, db = nullptr;  ///< the derivatives; none: the result is bool and has no gradient
  double low = -2, high = 2;           ///< where finite differences are taken
  double units = 2;                    ///< the tolerance, in units in the last place

  bool differentiable() const { return da != nullptr; }
  bool of_floats() const { return takes != Takes::bools && takes != Takes::integers; }
  /// An operand's dtype where a test does not say which.
  DType usual() const { return takes == Takes::bools ? boolean : takes == Takes::integers ? int64 : float32; }
  DType result(DType dtype) const { return differentiable() || takes == Takes::integers ? dtype : boolean; }
};

double first_if_larger(double a, double b) { return a >= b ? 1 : 0; }
double second_if_larger(double a, double b) { return a >= b ? 0 : 1; }
double first_if_smaller(double a, double b) { return a <= b ? 1 : 0; }
double second_if_smaller(double a, double b) { return a <= b ? 0 : 1; }
double none(double, double) { return 0; }
double log_of_sum(double a, double b) {
  return a != a || a == b ? a + std::log(2) : std::fmax(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}
std::int64_t whole(double x) { return static_cast<std::int64_t>(x); }

const Table<Binary> binary_table{
    {"add", add, [](double a, double b) { return a + b; }, Takes::numbers, [](double, double) { return 1.0; },
     [](double, double) { return 1.0; }},
    {"subtract", subtract, [](double a, double b) { return a - b; }, Takes::numbers, [](double, double) { return 1.0; },
     [](double, double) { return -1.0; }},
    {"multiply", multiply, [](double a, double b) { return a * b; }, Takes::numbers, [](double, double b) { return b; },
     [](double a, double) { return a; }},
    {"divide", divide, [](double a, double b) { return a / b; }, Takes::floating,
     [](double, double b) { return 1 / b; }, [](double a, double b) { return -a / b / b; }},
    {"pow", xtape::pow, [](double a, double b) { return std::pow(a, b); }, Takes::floating,
     [](double a, double b) { return b == 0 ? 0 : b * std::pow(a, b - 1); },
     [](double a, double b) { return a > 0 ? std::pow(a, b) * std::log(a) : 0; }, 0.2, 3},
    {"maximum", maximum, [](double a, double b) { return a != a || b != b ? NAN : std::fmax(a, b); }, Takes::numbers,
     first_if_larger, second_if_larger},
    {"minimum", minimum, [](double a, double b) { return a != a || b != b ? NAN : std::fmin(a, b); }, Takes::numbers,
     first_if_smaller, second_if_smaller},
    {"divide_no_nan", divide_no_nan, [](double a, double b) { return b == 0 ? 0 : a / b; }, Takes::floating,
     [](double, double b) { return b == 0 ? 0 : 1 / b; }, [](double a, double b) { return b == 0 ? 0 : -a / b / b; }},
    {"squared_difference", squared_difference, [](double a, double b) { return (a - b) * (a - b); }, Takes::numbers,
     [](double a, double b) { return 2 * (a - b); }, [](double a, double b) { return 2 * (b - a); }},
    {"atan2", xtape::atan2, [](double a, double b) { return std::atan2(a, b); }, Takes::floating,
     [](double a, double b) { return b / (a * a + b * b); }, [](double a, double b) { return -a / (a * a + b * b); }},
    {"hypot", xtape::hypot, [](double a, double b) { return std::hypot(a, b); }, Takes::floating,
     [](double a, double b) { return a == 0 ? 0 : a / std::hypot(a, b); },
     [](double a, double b) { return b == 0 ? 0 : b / std::hypot(a, b); }},
    // Where the result is small, the error is that of the larger operand.
    {"logaddexp", logaddexp, log_of_sum, Takes::floating, [](double a, double b) { return 1 / (1 + std::exp(b - a)); },
     [](double a, double b) { return 1 / (1 + std::exp(a - b)); }, -2, 2, 80},
    {"copysign", xtape::copysign, [](double a, double b) { return std::copysign(a, b); }, Takes::floating,
     [](double a, double b) { return a == 0 ? 0 : std::copysign(1, a) * std::copysign(1, b); }, none},
    {"heaviside", heaviside, [](double a, double b) { return a < 0    ? 0
                                                             : a > 0  ? 1
                                                             : a == 0 ? b
                                                                      : a; }, Takes::floating,
     none, [](double a, double) { return a == 0 ? 1.0 : 0.0; }},
    {"bitwise_and", bitwise_and, [](double a, double b) { return double(whole(a) & whole(b)); }, Takes::integers},
    {"bitwise_or", bitwise_or, [](double a, double b) { return double(whole(a) | whole(b)); }, Takes::integers},
    {"bitwise_xor", bitwise_xor, [](double a, double b) { return double(whole(a) ^ whole(b)); }, Takes::integers},
    {"bitwise_left_shift", bitwise_left_shift, [](double a, double b) { return b < 0 ? 0 : a * std::exp2(b); },
     Takes::integers},
    {"bitwise_right_shift", bitwise_right_shift,
     [](double a, double b) { return b < 0 ? (a < 0 ? -1 : 0) : std::floor(a / std::exp2(b)); }, Takes::integers},
    {"equal", equal, [](double a, double b) { return double(a == b); }, Takes::everything},
    {"not_equal", not_equal, [](double a, double b) { return double(a != b); }, Takes::everything},
    {"less", less, [](double a, double b) { return double(a < b); }, Takes::everything},
    {"less_equal", less_equal, [](double a, double b) { return double(a <= b); }, Takes::everything},
    {"greater", greater, [](double a, double b) { return double(a > b); }, Takes::everything},
    {"greater_equal", greater_equal, [](double a, double b) { return double(a >= b); }, Takes::everything},
    {"logical_and", logical_and, [](double a, double b) { return double(a != 0 && b != 0); }, Takes::bools},
    {"logical_xor", logical_xor, [](double a, double b) { return double((a != 0) != (b != 0)); }, Takes::bools},
    {"logical_or", logical_or, [](double a, double b) { return double(a != 0 || b != 0); }, Takes::bools},
};

const FunctionRows binary_replays(binary_table, [](const Binary& row) {
  std::vector<FunctionRow> rows;
  const auto inputs_of = [&row](std::vector<Shape> shapes) {
    const auto inputs = fresh_inputs(std::move(shapes), float32, row.low, row.high);
    return [inputs, takes = row.takes](int call) {
      OpInputs x = inputs(call);
      for (Tensor& t : x) t = takes == Takes::bools ? t > 0 : takes == Takes::integers ? cast(t * 9, int32) : t;
      return x;
    };
  };
  for (const auto& shapes : {std::vector<Shape>{{3, 1}, {1, 4}}, {{9000}, {9000}}}) {
    rows.push_back({row.op, [f = row.f](const OpInputs& x) { return f(x[0], x[1]); }, inputs_of(shapes)});
  }
  return rows;
});

const Table<Alone> binary_alone{{"logical_not"}};

const std::vector<DType> all_dtypes{float32, float64, bfloat16, int32, int64, uint8, boolean};

bool takes(const Binary& row, DType dtype) {
  if (row.takes == Takes::everything) return true;
  if (row.takes == Takes::bools) return dtype == boolean;
  if (row.takes == Takes::integers) return is_integer(dtype);
  return is_floating(dtype) || (row.takes == Takes::numbers && dtype != boolean);
}

/// f(a, b) with NumPy's broadcasting, element by element.
std::vector<double> broadcast(Formula f, const Tensor& a, const Tensor& b, const Shape& to) {
  const std::vector<double> x = to_doubles(a), y = to_doubles(b);
  const auto place = [&to](const Shape& from, std::int64_t position) {
    std::int64_t result = 0, stride = 1;
    for (int axis = to.rank() - 1, own = from.rank() - 1; own >= 0; --axis, --own) {
      const std::int64_t index = position % to[axis];
      position /= to[axis];
      if (from[own] != 1) result += index * stride;
      stride *= from[own];
    }
    return static_cast<std::size_t>(result);
  };
  std::vector<double> result;
  for (std::int64_t i = 0; i < to.numel(); ++i) {
    result.push_back(f(x[place(a.shape(), i)], y[place(b.shape(), i)]));
  }
  return result;
}

struct Form {
  Shape a, b, result;
};
const std::vector<Form> forms{
    {{}, {}, {}},
    {{5}, {5}, {5}},
    {{3, 1}, {1, 4}, {3, 4}},
    {{1, 4}, {3, 1}, {3, 4}},
    {{}, {2, 3}, {2, 3}},
    {{2, 3}, {}, {2, 3}},
    {{3}, {2, 3}, {2, 3}},
    {{2, 3}, {3}, {2, 3}},
    {{1}, {5}, {5}},
    {{1, 1}, {1}, {1, 1}},
    {{2, 3}, {1, 1, 1}, {1, 2, 3}},
    {{2, 1, 3}, {4, 1}, {2, 4, 3}},
    {{2, 3, 4}, {3, 1}, {2, 3, 4}},
    {{5, 1, 40}, {1, 7, 1}, {5, 7, 40}},
    {{0}, {1}, {0}},
    {{0, 3}, {3}, {0, 3}},
    {{2, 0, 3}, {1, 1}, {2, 0, 3}},
    {{2, 1, 2, 1, 2, 1, 2}, {2, 1, 1, 2}, {2, 1, 2, 2, 2, 1, 2}},
};

Tensor input(const Binary& row, const Shape& shape, DType dtype, double shift) {
  return cast(some(shape, float64, row.low, row.high) * (dtype == boolean ? 0 : 1) + (dtype == boolean ? shift : 0),
              dtype);
}

}  // namespace

TEST_CASE("binary ops: values follow the formula for every pair of ordinary and extreme numbers") {
  const std::vector<double> values{-INFINITY, -1e30, -300, -20, -2.5, -1, -0.5, -1e-30, 0,        1e-30, 0.5,
                                   1,         2,     3,    20,  88,   89, 300,  1e30,   INFINITY, NAN};
  for (const auto& row : binary_table) {
    CAPTURE(row.op);
    for (const DType dtype : {float64, float32, bfloat16}) {
      if (!takes(row, dtype)) continue;
      const Tensor a = reshape(tensor(values, dtype), {-1, 1}), b = tensor(values, dtype), y = row.f(a, b);
      std::vector<double> expected = broadcast(row.formula, a, b, y.shape());
      for (auto& value : expected) value = rounded(value, dtype);
      CHECK(y.dtype() == row.result(dtype));
      CHECK_CLOSE(y, expected, row.units * epsilon(dtype), smallest_normal(dtype));
    }
  }
}

TEST_CASE("binary ops: gradients follow the derivatives, ties and zeros included") {
  const std::vector<double> values{-3, -1, -0.5, 0, 0.5, 1, 2, 3};
  for (const auto& row : binary_table) {
    CAPTURE(row.op);
    if (!row.differentiable()) continue;
    for (const DType dtype : {float64, float32}) {
      for (const double x : values) {
        CAPTURE(x);
        const Tensor a = full({8}, x, dtype), b = tensor(values, dtype);
        GradientTape tape;
        tape.watch({a, b});
        const Tensors grads = tape.gradient(row.f(a, b), {a, b});
        CHECK(grads[0].dtype() == dtype);
        CHECK_CLOSE(grads[0], broadcast(row.da, a, b, {8}), 8 * epsilon(dtype));
        CHECK_CLOSE(grads[1], broadcast(row.db, a, b, {8}), 8 * epsilon(dtype));
      }
    }
  }
}

TEST_CASE("binary ops: every form of broadcasting, values and gradients") {
  for (const auto& row : binary_table) {
    CAPTURE(row.op);
    for (const auto& form : forms) {
      CAPTURE(form.a.str());
      CAPTURE(form.b.str());
      const DType dtype = row.of_floats() ? float64 : row.usual();
      const Tensor a = input(row, form.a, dtype, 1), b = cast(1.3 * some(form.b, float64, row.low, row.high), dtype);
      const Tensor y = row.f(a, b);
      CHECK(y.shape() == form.result);
      CHECK_CLOSE(y, broadcast(row.formula, a, b, form.result), row.units * 5e-16);
      if (!row.differentiable() || form.result.numel() > 100) continue;
      const GradientCheck check = check_gradients(row.f, a, b);
      CHECK_MESSAGE(check, check.message);
    }
  }
}

TEST_CASE("binary ops: dtypes that an op takes keep theirs, others are errors") {
  for (const auto& row : binary_table) {
    CAPTURE(row.op);
    for (const DType dtype : all_dtypes) {
      CAPTURE(name(dtype));
      const Tensor a = tensor({0, 1, 1, 0}, dtype), b = tensor({0, 0, 1, 1}, dtype);
      if (!takes(row, dtype)) {
        CHECK_THROWS_TEXT(TypeError, "[" + row.op + "] expected a", row.f(a, b));
        CHECK_THROWS_TEXT(TypeError, " tensor, received " + std::string(name(dtype)), row.f(a, b));
        continue;
      }
      const Tensor y = row.f(a, b);
      CHECK(y.dtype() == row.result(dtype));
      if (dtype == uint8 && row.op == "subtract") continue;  // 0 - 1 wraps around
      CHECK_CLOSE(y, broadcast(row.formula, a, b, {4}), is_floating(dtype) ? epsilon(dtype) : 0);
    }
  }
}

TEST_CASE("binary ops: two different dtypes are an error, and shapes that do not broadcast") {
  for (const auto& row : binary_table) {
    CAPTURE(row.op);
    const DType dtype = row.usual();
    CHECK_THROWS_TEXT(ValueError, "[" + row.op + "] shapes do not broadcast: (2,) and (3,)",
                      row.f(ones({2}, dtype), ones({3}, dtype)));
    CHECK_THROWS_TEXT(ValueError, "[" + row.op + "] shapes do not broadcast: (2, 3) and (2, 1, 2)",
                      row.f(ones({2, 3}, dtype), ones({2, 1, 2}, dtype)));
    CHECK_THROWS_TEXT(ValueError, "[" + row.op + "] shapes do not broadcast: (0,) and (2,)",
                      row.f(ones({0}, dtype), ones({2}, dtype)));
    CHECK_THROWS_TEXT(ValueError, "the tensor is empty (default-constructed", row.f(Tensor(), ones({2}, dtype)));
    if (row.takes == Takes::bools) continue;
    CHECK_THROWS_TEXT(TypeError, "[" + row.op + "] dtypes differ: float32 and float64, cast one of them",
                      row.f(ones({2}), ones({2}, float64)));
    CHECK_THROWS_TEXT(TypeError, "[" + row.op + "] dtypes differ: int32 and float32, cast one of them",
                      row.f(ones({2}, int32), 0.5));
    if (takes(row, uint8)) {
      CHECK_THROWS_TEXT(ValueError, "[" + row.op + "] the number -1 does not fit the other operand's dtype uint8",
                        row.f(ones({2}, uint8), -1));
      CHECK_THROWS_TEXT(ValueError, "does not fit the other operand's dtype int32",
                        row.f(5'000'000'000, ones({2}, int32)));
    }
  }
}

TEST_CASE("binary ops: a plain number on either side, exact to the other's dtype, gradient included") {
  for (const auto& row : binary_table) {
    CAPTURE(row.op);
    if (row.takes == Takes::bools) continue;
    for (const DType dtype : {float64, float32}) {
      if (!row.of_floats()) continue;
      const Tensor x = tensor({0.25, 0.7, 1.9}, dtype), number = tensor({0.7}, dtype), whole = tensor({2}, dtype);
      CHECK_SAME_BITS(row.f(x, 0.7), row.f(x, number));
      CHECK_SAME_BITS(row.f(0.7, x), row.f(number, x));
      CHECK_SAME_BITS(row.f(x, 2), row.f(x, whole));
      if (!row.differentiable()) continue;
      for (const bool second : {false, true}) {
        const auto gradient = [&](const Tensor& other) {
          GradientTape tape;
          tape.watch(x);
          return tape.gradient(second ? row.f(other, x) : row.f(x, other), x);
        };
        CHECK_SAME_BITS(gradient(0.7), gradient(number));
        CHECK_SAME_BITS(gradient(2), gradient(whole));
      }
      CHECK(check_gradients([&row](const Tensor& t) { return row.f(t, 2) + row.f(2, t); }, x));
    }
    if (!takes(row, int32)) continue;
    const Tensor i = tensor({1, 2, 3}, int64), y = row.f(i, 2);
    CHECK(y.dtype() == row.result(int64));
    CHECK_CLOSE(y, broadcast(row.formula, i, tensor({2}), {3}), 0);
  }
  CHECK((Tensor(1) + 2).dtype() == int32);
  CHECK((Tensor(1) + 2.5).dtype() == float32);
  CHECK((Tensor(1) + Tensor(5'000'000'000)).dtype() == int64);
}

TEST_CASE("binary ops: an element's result depends neither on its place, nor the form, nor the threads") {
  const Tensor a = some({400, 503}, float32, 0.1, 3), b = some({400, 503}, float32, 0.2, 2);
  const Tensor column = some({400, 1}, float32, 0.1, 3), line = some({1, 503}, float32, 0.2, 2);
  for (const auto& row : binary_table) {
    CAPTURE(row.op);
    if (!row.of_floats()) continue;
    const auto with_threads = [](int count, auto&& f) {
      const Threads threads(count);
      return f();
    };
    const auto plain = [&] { return row.f(a, b); };
    const auto broadcasting = [&] { return row.f(column, line); };
    const Tensor y = with_threads(1, plain), z = with_threads(1, broadcasting);
    for (const int count : {2, 3}) {
      CHECK_SAME_BITS(with_threads(count, plain), y);
      CHECK_SAME_BITS(with_threads(count, broadcasting), z);
    }
    CHECK_SAME_BITS(row.f(broadcast_to(column, {400, 503}), broadcast_to(line, {400, 503})), z);
    const Tensor flat_a = flatten(a), flat_b = flatten(b), flat_y = flatten(y);
    for (std::int64_t begin = 0; begin < 18; ++begin) {
      for (const std::int64_t size : {1, 3, 16, 17, 35}) {
        CHECK_SAME_BITS(row.f(slice_axis(flat_a, 0, begin, size), slice_axis(flat_b, 0, begin, size)),
                        slice_axis(flat_y, 0, begin, size));
      }
    }
  }
}

TEST_CASE("binary ops: operators are the functions") {
  const Tensor a = tensor({1, 2, 3}), b = tensor({3, 2, 1}), t = tensor({1, 0}, boolean);
  CHECK_CLOSE(a + b, {4, 4, 4});
  CHECK_CLOSE(a - b, {-2, 0, 2});
  CHECK_CLOSE(a * b, {3, 4, 3});
  CHECK_CLOSE(a / b, {1.0 / 3, 1, 3});
  CHECK_CLOSE(-a, {-1, -2, -3});
  CHECK_CLOSE(a == b, {0, 1, 0});
  CHECK_CLOSE(a != b, {1, 0, 1});
  CHECK_CLOSE(a < b, {1, 0, 0});
  CHECK_CLOSE(a <= b, {1, 1, 0});
  CHECK_CLOSE(a > b, {0, 0, 1});
  CHECK_CLOSE(a >= b, {0, 1, 1});
  CHECK_CLOSE(~t, {0, 1});
  Tensor c = a;
  c += b;
  CHECK_CLOSE(c, {4, 4, 4});
  c -= a;
  CHECK_CLOSE(c, {3, 2, 1});
  c *= 2;
  CHECK_CLOSE(c, {6, 4, 2});
  c /= b;
  CHECK_CLOSE(c, {2, 2, 2});
  CHECK_CLOSE(a, {1, 2, 3});  // other handles do not change
}

TEST_CASE("binary ops: comparisons have no gradient") {
  const Tensor x = tensor({1, 2});
  for (const auto& row : binary_table) {
    if (row.differentiable() || !row.of_floats()) continue;
    GradientTape tape;
    tape.watch(x);
    const Tensor y = row.f(x, 1.5);
    CHECK(tape.num_records() == 0);
    CHECK_FALSE(tape.gradient(y, x));
  }
}

TEST_CASE("logical_not") {
  CHECK_CLOSE(logical_not(tensor({1, 0, 1}, boolean)), {0, 1, 0});
  CHECK_THROWS_TEXT(TypeError, "[logical_not] expected a bool tensor, received int32", logical_not(ones({2}, int32)));
}

TEST_CASE("logic: operators of bool tensors") {
  const Tensor a = tensor({0, 0, 1, 1}, boolean), b = tensor({0, 1, 0, 1}, boolean);
  CHECK_CLOSE(a & b, {0, 0, 0, 1}, 0);
  CHECK_CLOSE(a | b, {0, 1, 1, 1}, 0);
  CHECK_CLOSE(~a, {1, 1, 0, 0}, 0);
}
