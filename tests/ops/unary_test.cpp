#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/nn_activations.hpp"
#include "xtape/ops/numeric.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

/// An op of one tensor that works element by element.
struct Unary {
  std::string op;
  Tensor (*f)(const Tensor&);
  double (*formula)(double);
  double (*derivative)(double) = nullptr;  ///< none: the op has no gradient
  bool integers = false;                   ///< takes them as well
  double low = -3, high = 3;               ///< where finite differences are taken
  double units = 4;                        ///< the tolerance, in units in the last place
};

double logistic(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
double logistic_derivative(double x) { return std::exp(-std::abs(x)) / std::pow(1 + std::exp(-std::abs(x)), 2); }
double tanh_derivative(double x) { return 1 / std::pow(std::cosh(x), 2); }
double identity(double x) { return x; }
double one(double) { return 1; }
double step(double x) { return x > 0 ? 1.0 : 0.0; }
double sign_of(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

/// By recurrence up to numbers for which two terms of the asymptotic series are enough.
long double digamma_by_recurrence(double x) {
  if (x == 0) return std::copysign(INFINITY, -x);
  if (x < 0 && x == std::floor(x)) return NAN;
  long double sum = 0, at = x;
  for (int i = 0; i < 5000; ++i, ++at) sum += 1 / at;
  return std::log(at) - 0.5L / at - 1 / (12 * at * at) - sum;
}
double trigamma(double x) {
  if (x <= 0 && x == std::floor(x)) return INFINITY;
  long double sum = 0, at = x;
  for (int i = 0; i < 5000; ++i, ++at) sum += 1 / (at * at);
  return static_cast<double>(1 / at + 0.5L / (at * at) + 1 / (6 * at * at * at) + sum);
}
/// The derivatives of the inverse functions, NaN outside their domains.
double asin_derivative(double x) { return 1 / std::sqrt((1 - x) * (1 + x)); }
double gaussian(double x) { return 2 / std::sqrt(std::acos(-1.0)) * std::exp(-x * x); }
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
double normal(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double tanh_argument(double x) { return std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x); }
double silu(double x) { return x == -INFINITY ? 0 : x * logistic(x); }
double silu_derivative(double x) { return logistic(x) + x * logistic_derivative(x); }
double hard_sigmoid(double x) { return x < -3 ? 0 : x > 3 ? 1 : (x + 3) / 6; }
/// The series of tanh near 0, elsewhere in long double.
double tanh_shrink(double x) {
  const long double v = x, s = v * v;
  if (std::abs(x) < 0.05)
    return static_cast<double>(
        v * s * (1.0L / 3 - s * (2.0L / 15 - s * (17.0L / 315 - s * (62.0L / 2835 - s * 1382 / 155925)))));
  return static_cast<double>(v - std::tanh(v));
}
double squareplus(double x, double b) {
  const double sum = std::hypot(x, std::sqrt(b)) + std::abs(x);
  return x < 0 ? 0.5 * b / sum : 0.5 * sum;
}
double squareplus_derivative(double x, double b) {
  const double root = std::hypot(x, std::sqrt(b));
  return x < 0 ? 0.5 * b / root / (root - x) : 0.5 + 0.5 * x / root;
}
double hard_silu(double x) { return x < -3 ? 0 : x > 3 ? x : x * (x + 3) / 6; }
double hard_silu_derivative(double x) { return x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6; }

const Table<Unary> unary_table{
    {"negative", negative, [](double x) { return -x; }, [](double) { return -1.0; }, true},
    {"abs", xtape::abs, [](double x) { return std::abs(x); }, sign_of, true},
    {"sign", sign, sign_of, [](double) { return 0.0; }, true},
    {"square", square, [](double x) { return x * x; }, [](double x) { return 2 * x; }, true},
    {"sqrt", xtape::sqrt, [](double x) { return std::sqrt(x); }, [](double x) { return 0.5 / std::sqrt(x); }, false,
     0.1},
    {"exp", xtape::exp, [](double x) { return std::exp(x); }, [](double x) { return std::exp(x); }},
    {"log", xtape::log, [](double x) { return std::log(x); }, [](double x) { return 1 / x; }, false, 0.1},
    {"tanh", xtape::tanh, [](double x) { return std::tanh(x); }, tanh_derivative},
    {"sigmoid", sigmoid, logistic, logistic_derivative},
    {"reciprocal", reciprocal, [](double x) { return 1 / x; }, [](double x) { return -1 / (x * x); }, false, 0.3},
    {"rsqrt", rsqrt, [](double x) { return 1 / std::sqrt(x); },
     [](double x) { return -0.5 * std::pow(1 / std::sqrt(x), 3); }, false, 0.3},
    {"expm1", xtape::expm1, [](double x) { return std::expm1(x); }, [](double x) { return std::exp(x); }},
    {"log1p", xtape::log1p, [](double x) { return std::log1p(x); }, [](double x) { return 1 / (1 + x); }, false, -0.8},
    {"sin", xtape::sin, [](double x) { return std::sin(x); }, [](double x) { return std::cos(x); }},
    {"cos", xtape::cos, [](double x) { return std::cos(x); }, [](double x) { return -std::sin(x); }},
    {"tan", xtape::tan, [](double x) { return std::tan(x); }, [](double x) { return 1 / std::pow(std::cos(x), 2); },
     false, -1.2, 1.2},
    {"asin", xtape::asin, [](double x) { return std::asin(x); }, asin_derivative, false, -0.9, 0.9},
    {"acos", xtape::acos, [](double x) { return std::acos(x); }, [](double x) { return -asin_derivative(x); }, false,
     -0.9, 0.9},
    {"atan", xtape::atan, [](double x) { return std::atan(x); }, [](double x) { return 1 / (1 + x * x); }},
    {"sinh", xtape::sinh, [](double x) { return std::sinh(x); }, [](double x) { return std::cosh(x); }},
    {"cosh", xtape::cosh, [](double x) { return std::cosh(x); }, [](double x) { return std::sinh(x); }},
    {"asinh", xtape::asinh, [](double x) { return std::asinh(x); }, [](double x) { return 1 / std::hypot(1, x); }},
    {"acosh", xtape::acosh, [](double x) { return std::acosh(x); },
     [](double x) { return 1 / std::sqrt(x - 1) / std::sqrt(x + 1); }, false, 1.2, 4},
    {"atanh", xtape::atanh, [](double x) { return std::atanh(x); }, [](double x) { return 1 / (1 - x * x); }, false,
     -0.8, 0.8},
    {"erf", xtape::erf, [](double x) { return std::erf(x); }, gaussian},
    {"erfc", xtape::erfc, [](double x) { return std::erfc(x); }, [](double x) { return -gaussian(x); }},
    {"lgamma", xtape::lgamma, [](double x) { return std::lgamma(x); },
     [](double x) { return static_cast<double>(digamma_by_recurrence(x)); }, false, 0.3},
    {"digamma", digamma, [](double x) { return static_cast<double>(digamma_by_recurrence(x)); }, trigamma, false, 0.3,
     3, 200},
    {"floor", xtape::floor, [](double x) { return std::floor(x); }},
    {"ceil", xtape::ceil, [](double x) { return std::ceil(x); }},
    {"round", xtape::round, [](double x) { return std::nearbyint(x); }},
    {"trunc", xtape::trunc, [](double x) { return std::trunc(x); }},
    {"exp2", xtape::exp2, [](double x) { return std::exp2(x); }, [](double x) { return std::log(2) * std::exp2(x); }},
    {"log2", xtape::log2, [](double x) { return std::log2(x); }, [](double x) { return 1 / (x * std::log(2)); }, false,
     0.1},
    {"log10", xtape::log10, [](double x) { return std::log10(x); }, [](double x) { return 1 / (x * std::log(10)); },
     false, 0.1},
    {"deg2rad", deg2rad, [](double x) { return x * std::acos(-1.0) / 180; },
     [](double) { return std::acos(-1.0) / 180; }},
    {"rad2deg", rad2deg, [](double x) { return x * 180 / std::acos(-1.0); },
     [](double) { return 180 / std::acos(-1.0); }},
    {"stop_gradient", stop_gradient, identity, nullptr, true},
    {"nn::relu", nn::relu, [](double x) { return x < 0 ? 0 : x; }, step, true},
    {"nn::leaky_relu", nn::leaky_relu, [](double x) { return x < 0 ? 0.2 * x : x; },
     [](double x) { return x < 0 ? 0.2 : 1.0; }},
    {"nn::leaky_relu", [](const Tensor& x) { return nn::leaky_relu(x, 0.01); },
     [](double x) { return x < 0 ? 0.01 * x : x; }, [](double x) { return x < 0 ? 0.01 : 1.0; }},
    {"nn::softplus", nn::softplus, softplus, logistic},
    {"nn::relu6", nn::relu6, [](double x) { return std::isnan(x) ? x : std::fmin(std::fmax(x, 0), 6); },
     [](double x) { return x > 0 && x < 6 ? 1.0 : 0.0; }, true},
    {"nn::elu", nn::elu, [](double x) { return x > 0 ? x : std::expm1(x); },
     [](double x) { return x > 0 ? 1 : std::exp(x); }},
    {"nn::elu", [](const Tensor& x) { return nn::elu(x, 0.3); },
     [](double x) { return x > 0 ? x : 0.3 * std::expm1(x); }, [](double x) { return x > 0 ? 1 : 0.3 * std::exp(x); }},
    {"nn::selu", nn::selu,
     [](double x) { return 1.0507009873554804934 * (x > 0 ? x : 1.6732632423543772848 * std::expm1(x)); },
     [](double x) { return 1.0507009873554804934 * (x > 0 ? 1 : 1.6732632423543772848 * std::exp(x)); }},
    {"nn::gelu", nn::gelu, [](double x) { return x == -INFINITY ? 0 : x * normal(x); },
     [](double x) { return normal(x) + x * gaussian(x / std::sqrt(2.0)) / std::sqrt(8.0); }, false, -3, 3, 400},
    {"nn::gelu", [](const Tensor& x) { return nn::gelu(x, {.approximate = true}); },
     [](double x) { return x == -INFINITY ? 0 : x * logistic(2 * tanh_argument(x)); },
     [](double x) {
       const double s = logistic(2 * tanh_argument(x)), u = std::sqrt(2 / std::acos(-1.0)) * (1 + 3 * 0.044715 * x * x);
       return std::abs(x) > 100 ? s : s + x * logistic_derivative(2 * tanh_argument(x)) * 2 * u;
     },
     false, -3, 3, 800},
    {"nn::silu", nn::silu, silu, silu_derivative},
    {"nn::swish", nn::swish, silu, silu_derivative},
    {"nn::mish", nn::mish, [](double x) { return x == -INFINITY ? 0 : x * std::tanh(softplus(x)); },
     [](double x) { return std::tanh(softplus(x)) + (x > 300 ? 0 : x * tanh_derivative(softplus(x)) * logistic(x)); }},
    {"nn::hard_sigmoid", nn::hard_sigmoid, hard_sigmoid, [](double x) { return std::abs(x) < 3 ? 1.0 / 6 : 0; }},
    {"nn::hard_silu", nn::hard_silu, hard_silu, hard_silu_derivative},
    {"nn::hard_swish", nn::hard_swish, hard_silu, hard_silu_derivative},
    {"nn::log_sigmoid", nn::log_sigmoid, [](double x) { return -softplus(-x); }, [](double x) { return logistic(-x); }},
    {"nn::softsign", nn::softsign, [](double x) { return std::isinf(x) ? sign_of(x) : x / (1 + std::abs(x)); },
     [](double x) { return 1 / std::pow(1 + std::abs(x), 2); }},
    {"nn::relu", [](const Tensor& x) { return nn::relu(x, {.negative_slope = 0.3, .max_value = 2, .threshold = 0.5}); },
     [](double x) { return x >= 2     ? 2
                           : x <= 0.5 ? 0.3 * (x - 0.5)
                                      : x; },
     [](double x) { return x >= 2    ? 0
                           : x > 0.5 ? 1
                                     : 0.3; }},
    {"nn::relu", [](const Tensor& x) { return nn::relu(x, {.max_value = 6}); },
     [](double x) { return x >= 6   ? 6
                           : x <= 0 ? 0
                                    : x; }, [](double x) { return x > 0 && x < 6 ? 1.0 : 0.0; }},
    {"nn::relu", [](const Tensor& x) { return nn::relu(x, {.negative_slope = 0.25, .max_value = 2}); },
     [](double x) { return x >= 2  ? 2
                           : x < 0 ? 0.25 * x
                                   : x; },
     [](double x) { return x >= 2   ? 0
                           : x >= 0 ? 1
                                    : 0.25; }},
    {"nn::celu", nn::celu, [](double x) { return x > 0 ? x : std::expm1(x); },
     [](double x) { return x > 0 ? 1 : std::exp(x); }},
    {"nn::celu", [](const Tensor& x) { return nn::celu(x, 0.5); },
     [](double x) { return x > 0 ? x : 0.5 * std::expm1(2 * x); },
     [](double x) { return x > 0 ? 1 : std::exp(2 * x); }},
    {"nn::squareplus", nn::squareplus, [](double x) { return squareplus(x, 4); },
     [](double x) { return squareplus_derivative(x, 4); }},
    {"nn::squareplus", [](const Tensor& x) { return nn::squareplus(x, 0.25); },
     [](double x) { return squareplus(x, 0.25); }, [](double x) { return squareplus_derivative(x, 0.25); }},
    {"nn::hard_tanh", nn::hard_tanh, [](double x) { return x < -1  ? -1
                                                           : x > 1 ? 1
                                                                   : x; },
     [](double x) { return std::abs(x) < 1 ? 1.0 : 0.0; }},
    {"nn::hard_shrink", nn::hard_shrink, [](double x) { return std::abs(x) <= 0.5 ? 0 : x; },
     [](double x) { return std::abs(x) > 0.5 ? 1.0 : 0.0; }},
    {"nn::hard_shrink", [](const Tensor& x) { return nn::hard_shrink(x, 1.25); },
     [](double x) { return std::abs(x) <= 1.25 ? 0 : x; }, [](double x) { return std::abs(x) > 1.25 ? 1.0 : 0.0; }},
    {"nn::soft_shrink", nn::soft_shrink, [](double x) { return std::abs(x) <= 0.5 ? 0 : x - std::copysign(0.5, x); },
     [](double x) { return std::abs(x) > 0.5 ? 1.0 : 0.0; }},
    {"nn::soft_shrink", [](const Tensor& x) { return nn::soft_shrink(x, 1.25); },
     [](double x) { return std::abs(x) <= 1.25 ? 0 : x - std::copysign(1.25, x); },
     [](double x) { return std::abs(x) > 1.25 ? 1.0 : 0.0; }},
    {"nn::tanh_shrink", nn::tanh_shrink, tanh_shrink, [](double x) { return std::pow(std::tanh(x), 2); }},
    {"nn::threshold", [](const Tensor& x) { return nn::threshold(x, 0.5, -7); },
     [](double x) { return x <= 0.5 ? -7 : x; }, [](double x) { return x > 0.5 ? 1.0 : 0.0; }},
    {"nn::sparse_plus", nn::sparse_plus, [](double x) { return x <= -1  ? 0
                                                               : x >= 1 ? x
                                                                        : 0.25 * (x + 1) * (x + 1); },
     [](double x) { return x <= -1  ? 0
                           : x >= 1 ? 1
                                    : 0.5 * (x + 1); }},
    {"nn::sparse_sigmoid", nn::sparse_sigmoid, [](double x) { return x <= -1  ? 0
                                                                     : x >= 1 ? 1
                                                                              : 0.5 * (x + 1); },
     [](double x) { return std::abs(x) < 1 ? 0.5 : 0; }},
    {"nn::exponential", nn::exponential, [](double x) { return std::exp(x); }, [](double x) { return std::exp(x); }},
    {"nn::sigmoid", nn::sigmoid, logistic, logistic_derivative},
    {"nn::tanh", nn::tanh, [](double x) { return std::tanh(x); }, tanh_derivative},
    {"nn::linear", nn::linear, identity, one, true},
    {"clip_by_value", [](const Tensor& x) { return clip_by_value(x, 0, 2); },
     [](double x) { return std::isnan(x) ? x : std::fmin(std::fmax(x, 0), 2); },
     [](double x) { return x >= 0 && x <= 2 ? 1.0 : 0.0; }, true},
};

// Few elements, and so many that neighbouring ops are fused.
const FunctionRows unary_replays(unary_table, [](const Unary& row) {
  std::vector<FunctionRow> rows;
  for (const Shape& shape : {Shape{3, 5}, Shape{9000}}) {
    rows.push_back({row.op, [f = row.f](const OpInputs& x) { return f(x[0]); },
                    fresh_inputs({shape}, float32, row.low, row.high)});
  }
  return rows;
});

const Table<Alone> unary_alone{{"cast"}};

/// A grid, and numbers at and beyond the limits of the exponential functions.
std::vector<double> probes() {
  std::vector<double> x{0,   -0.0, 1e-30, -1e-30, 1e-5, -1e-5, 40,    -40,  88,
                        -88, 104,  -104,  300,    -300, 1000,  -1000, 1e30, -1e30};
  for (int i = -400; i <= 400; ++i) x.push_back(i * 0.05);
  return x;
}

std::vector<double> mapped(double (*f)(double), const Tensor& x) {
  std::vector<double> y;
  for (const double value : to_doubles(x)) y.push_back(rounded(f(value), x.dtype()));
  return y;
}

Tensor gradient_of(const Unary& row, const Tensor& x) {
  GradientTape tape;
  tape.watch(x);
  return tape.gradient(row.f(x), x);
}

}  // namespace

TEST_CASE("unary ops: values follow the formula, at the edges too") {
  for (const auto& row : unary_table) {
    CAPTURE(row.op);
    for (const DType dtype : {float64, float32, bfloat16}) {
      std::vector<double> values = probes();
      values.insert(values.end(), {INFINITY, -INFINITY, NAN});
      const Tensor x = tensor(values, dtype), y = row.f(x);
      CHECK(y.dtype() == dtype);
      // Where the exponential function underflows, its error is multiplied by x, up to some hundreds.
      CHECK_CLOSE(y, mapped(row.formula, x), row.units * epsilon(dtype), 500 * smallest_normal(dtype));
    }
  }
}

TEST_CASE("unary ops: gradients follow the derivative, at the edges too") {
  for (const auto& row : unary_table) {
    CAPTURE(row.op);
    for (const DType dtype : {float64, float32}) {
      const Tensor x = tensor(probes(), dtype), dx = gradient_of(row, x);
      if (row.derivative == nullptr) {
        CHECK_FALSE((dx.defined() && reduce_any(dx != 0).item<bool>()));
        continue;
      }
      REQUIRE(dx.defined());
      CHECK(dx.dtype() == dtype);
      // Where a value rounds to 1, 1 - y has lost all digits, so there is an absolute tolerance.
      CHECK_CLOSE(dx, mapped(row.derivative, x), 16 * epsilon(dtype), 4 * epsilon(dtype));
    }
  }
}

TEST_CASE("unary ops: where the derivative has a limit at infinity, it is the gradient there, and of second order 0") {
  int limits = 0;
  for (const auto& row : unary_table) {
    if (row.derivative == nullptr) continue;
    for (const double sign : {1.0, -1.0}) {
      if (std::isnan(row.formula(sign * INFINITY))) continue;
      const double limit = row.derivative(sign * 1e12);
      if (!(std::abs(row.derivative(sign * 1e8) - limit) < 1e-6 &&
            std::abs(row.derivative(sign * 1e10) - limit) < 1e-6))
        continue;
      ++limits;
      for (const DType dtype : {float32, float64}) {
        CAPTURE(row.op);
        CAPTURE(sign);
        CAPTURE(dtype);
        const Tensor x = tensor({sign * INFINITY, sign * 1e30}, dtype);
        GradientTape outer({.persistent = true});
        outer.watch(x);
        GradientTape inner;
        inner.watch(x);
        const Tensor dx = inner.gradient(row.f(x), x);
        outer.stop();
        CHECK_CLOSE(dx, {limit, limit}, 1e-6, 1e-6);
        CHECK_CLOSE(gradient_of(row, x), {limit, limit}, 1e-6, 1e-6);
        const Tensor second = outer.gradient(dx, x);
        if (second.defined()) CHECK_CLOSE(second, {0, 0}, 0, 1e-6);
      }
    }
  }
  CHECK(limits > 40);
}

TEST_CASE("unary ops: asinh's gradient where the square of x overflows") {
  for (const double x : {1e25, -3e30}) {
    const Tensor t = tensor({x}, float32);
    GradientTape tape;
    tape.watch(t);
    CHECK_CLOSE(tape.gradient(xtape::asinh(t), t), {1 / std::abs(x)}, 1e-6);
  }
}

TEST_CASE("unary ops: gradients agree with finite differences to second order") {
  for (const auto& row : unary_table) {
    if (row.derivative == nullptr) continue;
    CAPTURE(row.op);
    const GradientCheck check = check_gradients(row.f, some({3, 4}, float64, row.low, row.high));
    CHECK_MESSAGE(check, check.message);
  }
}

TEST_CASE("unary ops: empty tensors, scalars and other shapes keep their shape") {
  for (const auto& row : unary_table) {
    CAPTURE(row.op);
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{0, 3}, Shape{1, 1}, Shape{2, 3, 1, 1, 2, 1, 2}}) {
      const Tensor x = some(shape, float32, 0.5, 2), y = row.f(x);
      CHECK(y.shape() == shape);
      CHECK_CLOSE(y, tensor(mapped(row.formula, x), shape), 1e-6);
      if (row.derivative == nullptr) continue;
      const Tensor dx = gradient_of(row, x);
      REQUIRE(dx.defined());
      CHECK(dx.shape() == shape);
    }
  }
}

TEST_CASE("unary ops: integers where the op takes them, bools nowhere") {
  for (const auto& row : unary_table) {
    CAPTURE(row.op);
    if (row.formula != identity) CHECK_THROWS_TEXT(TypeError, "tensor, received bool", row.f(tensor({0, 1}, boolean)));
    for (const DType dtype : {int32, int64, uint8}) {
      const Tensor x = dtype == uint8 ? tensor({0, 1, 2, 7, 100}, uint8) : tensor({-7, -1, 0, 1, 2, 1000}, dtype);
      if (!row.integers) {
        CHECK_THROWS_TEXT(TypeError, "received " + std::string(name(dtype)), row.f(x));
      } else if (dtype != uint8 || row.formula(5) >= 0) {
        const Tensor y = row.f(x);
        CHECK(y.dtype() == dtype);
        std::vector<double> expected = mapped(row.formula, x);
        if (dtype == uint8) {  // it wraps around
          for (auto& value : expected) value = std::fmod(value, 256);
        }
        CHECK_CLOSE(y, expected, 0);
      }
    }
  }
}

TEST_CASE("unary ops: a plain number becomes a float32 scalar") {
  for (const auto& row : unary_table) {
    CAPTURE(row.op);
    const Tensor y = row.f(1.5);
    CHECK(y.dtype() == float32);
    CHECK_CLOSE(y, row.formula(1.5), 1e-6);
  }
}

TEST_CASE("unary ops: an element's result depends neither on its place nor on the threads") {
  const Tensor x = some({200'003}, float32, -5, 5);
  for (const auto& row : unary_table) {
    CAPTURE(row.op);
    const auto with_threads = [&](int count) {
      const Threads threads(count);
      return row.f(x);
    };
    const Tensor y = with_threads(1);
    for (const int count : {2, 3}) CHECK_SAME_BITS(with_threads(count), y);
    for (std::int64_t begin = 0; begin < 20; ++begin) {
      for (const std::int64_t size : {1, 2, 7, 15, 16, 17, 33}) {
        CHECK_SAME_BITS(row.f(slice_axis(x, 0, begin, size)), slice_axis(y, 0, begin, size));
      }
    }
  }
}

TEST_CASE("unary ops: options of activations that make no sense") {
  const Tensor x = ones({2});
  CHECK_THROWS_TEXT(ValueError, "[celu] expected alpha > 0, received 0", nn::celu(x, 0));
  CHECK_THROWS_TEXT(ValueError, "[squareplus] expected b > 0, received -1", nn::squareplus(x, -1));
  CHECK_THROWS_TEXT(ValueError, "[soft_shrink] expected threshold >= 0, received -0.5", nn::soft_shrink(x, -0.5));
}

TEST_CASE("cast: between all dtypes, saturating towards integers") {
  const Tensor x = tensor({-300.7, -1.5, -0.4, 0, 0.6, 1, 200.9, 300, 1e12, INFINITY, -INFINITY, NAN});
  CHECK_CLOSE(cast(x, int32), {-300, -1, 0, 0, 0, 1, 200, 300, 2147483647.0, 2147483647.0, -2147483648.0, 0}, 0);
  CHECK_CLOSE(cast(x, uint8), {0, 0, 0, 0, 0, 1, 200, 255, 255, 255, 0, 0}, 0);
  CHECK_CLOSE(cast(tensor({1e30, -1e30}), int64), {9223372036854775807.0, -9223372036854775808.0}, 0);
  CHECK_CLOSE(cast(x, boolean), {1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1}, 0);
  CHECK_CLOSE(cast(tensor({1 + 0x1p-8, 1 + 0x1p-7, 1 + 3 * 0x1p-8, 1e39}), bfloat16),
              {1, 1 + 0x1p-7, 1 + 0x1p-6, INFINITY}, 0);
  for (const DType from : {float32, float64, int32, int64, uint8, boolean, bfloat16}) {
    for (const DType to : {float32, float64, int32, int64, uint8, boolean, bfloat16}) {
      const Tensor y = cast(tensor({0, 1}, from), to);
      CHECK(y.dtype() == to);
      CHECK_CLOSE(y, {0, 1}, 0);
    }
  }
  const Tensor same = tensor({1, 2});
  CHECK(cast(same, float64).is_same(same));
  CHECK(cast(0.1, float64).item() == 0.1);  // a plain number keeps its digits
}

TEST_CASE("cast: gradients flow between floating dtypes and no others") {
  const Tensor x = tensor({1, 2}, float32);
  for (const DType dtype : {float64, bfloat16}) {
    GradientTape tape;
    tape.watch(x);
    CHECK_TENSOR_EQ(tape.gradient(cast(x, dtype) * 3, x), tensor({3, 3}, float32));
  }
  for (const DType dtype : {int32, int64, uint8, boolean}) {
    GradientTape tape;
    tape.watch(x);
    CHECK_FALSE(tape.gradient(cast(cast(x, dtype), float32), x));
  }
}
