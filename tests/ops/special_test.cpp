#include <cmath>
#include <cstdint>
#include <vector>

#include "ops/table.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/random.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/clip.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> special_alone{{"polygamma"},    {"floordiv"},    {"mod"},
                                 {"is_nan"},       {"is_inf"},      {"is_finite"},
                                 {"clip_by_norm"}, {"global_norm"}, {"clip_by_global_norm"}};

const double pi = std::acos(-1.0);

/// Numbers at which functions of two numbers differ most, and all pairs of them.
std::pair<Tensor, Tensor> extreme_pairs(DType dtype) {
  const std::vector<double> numbers{0, -0.0, 1,   -1,   0.5, -0.5, 2,     -2,     3,        -3,        0.1, -2.5,
                                    7, -7,   1e9, -1e9, 300, -300, 1e-30, -1e-30, INFINITY, -INFINITY, NAN, 1.5};
  std::vector<double> a, b;
  for (const double x : numbers) {
    for (const double y : numbers) {
      a.push_back(x);
      b.push_back(y);
    }
  }
  return {tensor(a, dtype), tensor(b, dtype)};
}

/// The largest difference from what `f` gives, in units in the last place of the dtype. Values that are not finite and
/// zeros have to be the same, with their signs.
template <class T, class F>
double largest_error(const Tensor& y, const Tensor& a, const Tensor& b, const F& f) {
  const auto results = y.to_vector<T>(), x = a.to_vector<T>(), z = b.to_vector<T>();
  double largest = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const long double exact = f(static_cast<long double>(x[i]), static_cast<long double>(z[i]));
    const T expected = static_cast<T>(exact);
    double error = 0;
    if (std::isnan(expected) || std::isinf(expected) || expected == 0) {
      const bool same = std::isnan(expected)
                            ? std::isnan(results[i])
                            : results[i] == expected && std::signbit(results[i]) == std::signbit(expected);
      error = same ? 0 : INFINITY;
    } else {
      const T unit = std::nextafter(std::abs(expected), static_cast<T>(INFINITY)) - std::abs(expected);
      error = static_cast<double>(std::abs(static_cast<long double>(results[i]) - exact) / unit);
    }
    if (error > largest) {
      largest = error;
      CAPTURE(x[i]);
      CAPTURE(z[i]);
      CAPTURE(results[i]);
      CHECK(largest < 4);
    }
  }
  return largest;
}

const auto exact_mod = [](long double a, long double b) {
  const long double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
};

}  // namespace

TEST_CASE("pow, atan2, mod: the values of the standard library for all pairs of extreme numbers") {
  const auto power = [](long double a, long double b) { return std::pow(a, b); };
  const auto angle = [](long double a, long double b) { return std::atan2(a, b); };
  {
    const auto [a, b] = extreme_pairs(float32);
    CHECK(largest_error<float>(xtape::pow(a, b), a, b, power) < 0.51);
    CHECK(largest_error<float>(xtape::atan2(a, b), a, b, angle) < 0.51);
    CHECK(largest_error<float>(xtape::mod(a, b), a, b, exact_mod) <= 0.5);
  }
  const auto [a, b] = extreme_pairs(float64);
  CHECK(largest_error<double>(xtape::pow(a, b), a, b, power) < 1);
  CHECK(largest_error<double>(xtape::atan2(a, b), a, b, angle) < 3);
  CHECK(largest_error<double>(xtape::mod(a, b), a, b, exact_mod) <= 0.5);
}

TEST_CASE("pow, atan2, mod: accuracy for random numbers") {
  random::Generator generator(5);
  const auto power = [](long double a, long double b) { return std::pow(a, b); };
  const auto angle = [](long double a, long double b) { return std::atan2(a, b); };
  for (const double range : {1.0, 30.0}) {
    const Tensor x = xtape::exp(generator.normal({20000}, 0, range, float64)),
                 y = generator.normal({20000}, 0, 5, float64);
    const Tensor signs = xtape::sign(generator.normal({20000}, 0, 1, float64));
    const Tensor a = cast(x, float32), b = cast(y, float32), c = cast(x * signs, float32);
    CHECK(largest_error<float>(xtape::pow(a, b), a, b, power) < 0.51);
    CHECK(largest_error<float>(xtape::atan2(c, b), c, b, angle) < 0.51);
    CHECK(largest_error<float>(xtape::mod(c, b), c, b, exact_mod) <= 0.5);
    CHECK(largest_error<double>(xtape::atan2(x * signs, y), x * signs, y, angle) < 3);
    CHECK(largest_error<double>(xtape::mod(x * signs, y), x * signs, y, exact_mod) <= 0.5);
  }
}

TEST_CASE("mod: quotients that are rounded up to a whole number") {
  // 3 b - a is less than a unit of the quotient.
  for (const DType dtype : {float32, float64}) {
    const double unit = dtype == float32 ? std::pow(2, -23) : std::pow(2, -52);
    std::vector<double> a, b;
    for (int k = 1; k < 200; ++k) {
      b.push_back(1 + k * unit);
      a.push_back(3 * (1 + k * unit) - 2 * unit);
      b.push_back(-(1 + k * unit));
      a.push_back(a.back());
    }
    const Tensor x = tensor(a, dtype), y = tensor(b, dtype), rest = mod(x, y);
    CHECK((dtype == float32 ? largest_error<float>(rest, x, y, exact_mod)
                            : largest_error<double>(rest, x, y, exact_mod)) <= 0.5);
  }
}

TEST_CASE("pow: plain exponents with a short way, their values and derivatives") {
  const auto numbers = extreme_pairs(float64).first;
  for (const DType dtype : {float32, float64}) {
    const Tensor x = cast(numbers, dtype);
    for (const double n : {1.0, 2.0, 3.0, -1.0, 0.5, -0.5, 0.0, 4.0, 2.5}) {
      CAPTURE(n);
      const auto power = [](long double a, long double b) { return std::pow(a, b); };
      const Tensor y = xtape::pow(x, n), exponents = full(x.shape(), n, dtype);
      CHECK((dtype == float32 ? largest_error<float>(y, x, exponents, power)
                              : largest_error<double>(y, x, exponents, power)) < 1.5);
      const GradientCheck check =
          check_gradients([n](const Tensor& t) { return xtape::pow(t, n); }, some({7}, float64, 0.2, 3));
      CHECK_MESSAGE(check, check.message);
    }
  }
  CHECK_THROWS_TEXT(TypeError, "[pow] expected a floating tensor, received int32", xtape::pow(ones({2}, int32), 2));
}

TEST_CASE("polygamma: closed forms of its values, gradients to second order") {
  // psi_n(1) = (-1)^(n+1) n! zeta(n + 1), psi_1(1/2) = pi^2 / 2, and the recurrence (Abramowitz and Stegun 6.4).
  CHECK_CLOSE(polygamma(0, tensor({1, 0.5})), {-0.57721566490153286, -0.57721566490153286 - 2 * std::log(2)}, 1e-15);
  CHECK_CLOSE(polygamma(1, tensor({1, 0.5, -0.5, 2})), {pi * pi / 6, pi * pi / 2, pi * pi / 2 + 4, pi * pi / 6 - 1},
              2e-15);
  CHECK_CLOSE(polygamma(2, tensor({1, 0.5})), {-2 * 1.2020569031595943, -14 * 1.2020569031595943}, 1e-14);
  CHECK_CLOSE(polygamma(3, tensor({1, 0.5}, float32)), {std::pow(pi, 4) / 15, std::pow(pi, 4)}, 1e-6);
  CHECK_CLOSE(polygamma(2, full({}, 300, float64)), -1 / 9e4 - 1 / 2.7e7 - 0.5 / 8.1e9, 1e-9);
  CHECK_CLOSE(polygamma(1, tensor({0, INFINITY, NAN, -3})), {INFINITY, 0, NAN, INFINITY});
  CHECK_CLOSE(polygamma(2, tensor({0, -0.5})), {-INFINITY, NAN});
  for (const int n : {0, 1, 2}) {
    const GradientCheck check =
        check_gradients([n](const Tensor& x) { return polygamma(n, x); }, some({5}, float64, 1, 4));
    CHECK_MESSAGE(check, check.message);
  }
  CHECK_THROWS_TEXT(ValueError, "[polygamma] expected an order of at least 0, received -1", polygamma(-1, ones({2})));
  CHECK_THROWS_TEXT(TypeError, "[polygamma] expected a floating tensor, received int32",
                    polygamma(1, ones({2}, int32)));
}

TEST_CASE("special functions: published values") {
  // Abramowitz and Stegun, tables 7.1, 6.1.
  CHECK_CLOSE(xtape::erf(tensor({0.5, 1, 2})), {0.5204998778130465, 0.8427007929497149, 0.9953222650189527}, 1e-15);
  CHECK_CLOSE(xtape::erfc(tensor({0.5, 2, 10})), {0.4795001221869535, 0.004677734981047266, 2.088487583762545e-45},
              1e-14);
  CHECK_CLOSE(xtape::lgamma(tensor({0.5, 3, 10, -0.5})),
              {std::log(pi) / 2, std::log(2), std::log(362880), std::log(2 * std::sqrt(pi))}, 1e-14);
  CHECK_CLOSE(xtape::lgamma(tensor({1, 2})), {0, 0}, 0, 1e-15);
}

TEST_CASE("special functions: no domain, NaN; small numbers keep their digits") {
  CHECK_CLOSE(xtape::acosh(tensor({0.999, -1e30, -300, 1, INFINITY}, float32)), {NAN, NAN, NAN, 0, INFINITY});
  CHECK_CLOSE(xtape::expm1(tensor({1e-20, -1e-20})), {1e-20, -1e-20}, 1e-15);
  CHECK_CLOSE(xtape::log1p(tensor({1e-20, -1, -2})), {1e-20, -INFINITY, NAN}, 1e-15);
  CHECK_CLOSE(xtape::round(tensor({0.5, 1.5, 2.5, -0.5, -1.5})), {0, 2, 2, 0, -2}, 0);
}

TEST_CASE("is_nan, is_inf, is_finite: of every floating dtype, in every place of a vector, and of no other dtype") {
  for (const DType dtype : {float32, float64, bfloat16}) {
    for (std::int64_t size = 3; size < 40; ++size) {
      std::vector<double> values(static_cast<std::size_t>(size), 1);
      values[static_cast<std::size_t>(size - 1)] = NAN;
      values[static_cast<std::size_t>(size / 2)] = -INFINITY;
      values[0] = INFINITY;
      const Tensor x = tensor(values, dtype);
      std::vector<double> nan, inf, finite;
      for (const double v : values) {
        nan.push_back(std::isnan(v));
        inf.push_back(std::isinf(v));
        finite.push_back(std::isfinite(v));
      }
      CHECK(is_nan(x).dtype() == boolean);
      CHECK_CLOSE(is_nan(x), nan, 0);
      CHECK_CLOSE(is_inf(x), inf, 0);
      CHECK_CLOSE(is_finite(x), finite, 0);
    }
    CHECK(is_nan(zeros({0, 2}, dtype)).shape() == Shape{0, 2});
  }
  CHECK(is_finite(1.5).item<bool>());
  CHECK_THROWS_TEXT(TypeError, "[is_nan] expected a floating tensor, received int32", is_nan(ones({2}, int32)));
  CHECK_THROWS_TEXT(TypeError, "[is_inf] expected a floating tensor, received bool", is_inf(ones({2}, boolean)));
  CHECK_THROWS_TEXT(TypeError, "[is_finite] expected a floating tensor, received uint8", is_finite(ones({2}, uint8)));
}

TEST_CASE("floordiv, mod: integers as in Python, zero and the ends of the range") {
  const Tensor a = tensor({7, -7, 7, -7, -6, 0}, int32), b = tensor({2, 2, -2, -2, 3, -5}, int32);
  CHECK_TENSOR_EQ(floordiv(a, b), tensor({3, -4, -4, 3, -2, 0}, int32));
  CHECK_TENSOR_EQ(mod(a, b), tensor({1, 1, -1, -1, 0, 0}, int32));
  CHECK_CLOSE(mod(tensor({7.5, -7.5, 7.5, -1e-30}), tensor({2, 2, -2, 1})), {1.5, 0.5, -0.5, 1}, 1e-15);
  CHECK_CLOSE(mod(tensor({1, -1, 1, INFINITY}), tensor({INFINITY, INFINITY, 0, 2})), {1, INFINITY, NAN, NAN});
  const Tensor least = constant({INT64_MIN}, int64);
  CHECK(floordiv(least, -1).item<std::int64_t>() == INT64_MIN);
  CHECK(mod(least, -1).item<std::int64_t>() == 0);
  CHECK_TENSOR_EQ(floordiv(tensor({200, 7}, uint8), 3), tensor({66, 2}, uint8));
  for (const auto f : {floordiv, mod}) {
    const std::string op = f == floordiv ? "[floordiv]" : "[mod]";
    CHECK_THROWS_TEXT(ValueError, op + " integer division by zero at position 1 of the divisor",
                      f(a, tensor({1, 0, 2, 0, 1, 1}, int32)));
    CHECK_THROWS_TEXT(ValueError, op + " integer division by zero at position 0 of the divisor", f(a, 0));
    CHECK(f(zeros({0}, int32), tensor({3}, int32)).shape() == Shape{0});
  }
  const Tensor x = tensor({5.5}), y = tensor({2});
  GradientTape tape;
  tape.watch({x, y});
  CHECK_FALSE(tape.gradient(floordiv(x, y), x).defined());
}

TEST_CASE("floordiv, mod: floating ones by their formulas, gradients of mod, broadcasting, dtypes") {
  const std::vector<double> values{-300, -20.5, -2.5, -1, -0.5, 0.5, 1, 2, 3.25, 20, 300};
  for (const DType dtype : {float32, float64}) {
    const Tensor a = reshape(tensor(values, dtype), {-1, 1}), b = tensor(values, dtype);
    std::vector<double> quotients, rests;
    for (const double x : values) {
      for (const double y : values) {
        quotients.push_back(std::floor(x / y));
        rests.push_back(x - y * std::floor(x / y));
      }
    }
    CHECK(floordiv(a, b).dtype() == dtype);
    CHECK_CLOSE(floordiv(a, b), quotients, 0);
    CHECK_CLOSE(mod(a, b), rests, 0);  // the values are short binary fractions
    const Tensor long_x = some({1003}, dtype, -9, 9);
    for (const std::int64_t begin : {0, 1, 5}) {
      CHECK_SAME_BITS(mod(slice_axis(long_x, 0, begin, 21), 0.7), slice_axis(mod(long_x, 0.7), 0, begin, 21));
      CHECK_SAME_BITS(floordiv(slice_axis(long_x, 0, begin, 21), 0.7), slice_axis(floordiv(long_x, 0.7), 0, begin, 21));
    }
  }
  const GradientCheck check = check_gradients(mod, tensor({5.3, -5.3, 5.3, 0.4}), tensor({2.1, 2.2, -1.3, 3}));
  CHECK_MESSAGE(check, check.message);
  const GradientCheck broadcast = check_gradients(mod, some({3, 1}, float64, 1, 2), tensor({0.61, -0.37}));
  CHECK_MESSAGE(broadcast, broadcast.message);
  for (const auto f : {floordiv, mod}) {
    const std::string op = f == floordiv ? "[floordiv]" : "[mod]";
    CHECK(f(ones({2}, bfloat16), 2).dtype() == bfloat16);
    CHECK_THROWS_TEXT(TypeError, op + " expected a numeric tensor, received bool",
                      f(ones({2}, boolean), ones({2}, boolean)));
    CHECK_THROWS_TEXT(TypeError, op + " dtypes differ: int32 and float32, cast one of them", f(ones({2}, int32), 0.5));
    CHECK_THROWS_TEXT(ValueError, op + " shapes do not broadcast: (2,) and (3,)", f(ones({2}), ones({3})));
    CHECK_THROWS_TEXT(ValueError, op + " shapes do not broadcast: (2,) and (3,)",
                      f(ones({2}, int32), ones({3}, int32)));
  }
}

TEST_CASE("divide_no_nan: 0 for a divisor of 0, whatever is divided, and for the gradients") {
  const Tensor a = tensor({1, 0, NAN, INFINITY, 3}), b = tensor({0, 0, -0.0, 0, 2});
  GradientTape tape;
  tape.watch({a, b});
  const Tensor y = divide_no_nan(a, b);
  CHECK_CLOSE(y, {0, 0, 0, 0, 1.5});
  const Tensors grads = tape.gradient(y, {a, b});
  CHECK_CLOSE(grads[0], {0, 0, 0, 0, 0.5});
  CHECK_CLOSE(grads[1], {0, 0, 0, 0, -0.75});
}

TEST_CASE("clip_by_norm: the norm over the axes is at most the bound; zeros stay, with their gradients") {
  const Tensor x = tensor({3, 4, 0, 0, 0.3, 0.4}, {3, 2});
  CHECK_CLOSE(clip_by_norm(x, 1, -1), {0.6, 0.8, 0, 0, 0.3, 0.4}, 1e-15);
  CHECK_CLOSE(clip_by_norm(tensor({3, 4}), 2.5), {1.5, 2}, 1e-15);
  CHECK_TENSOR_EQ(clip_by_norm(tensor({3, 4}, float32), 10), tensor({3, 4}, float32));
  CHECK(clip_by_norm(zeros({0, 2}), 1).shape() == Shape{0, 2});
  CHECK_CLOSE(clip_by_norm(zeros({3}), 1), {0, 0, 0});
  for (const auto& axes : {Axes(), Axes(0), Axes(1)}) {
    const GradientCheck check =
        check_gradients([&axes](const Tensor& t, const Tensor& bound) { return clip_by_norm(t, bound, axes); },
                        some({3, 2}), tensor({0.7}, {}));
    CHECK_MESSAGE(check, check.message);
  }
  GradientTape tape;
  tape.watch(x);
  CHECK_CLOSE(slice_axis(tape.gradient(clip_by_norm(x, 1, -1), x), 0, 1, 1), {1, 1});
  CHECK_THROWS_TEXT(TypeError, "[clip_by_norm] expected a floating tensor, received int32",
                    clip_by_norm(ones({2}, int32), 1));
}

TEST_CASE("clip_by_global_norm: TensorFlow's scaling of a list with holes") {
  const Tensor a = tensor({3, 0}), b = tensor({0, 4}, {2, 1});
  const auto [clipped, norm] = clip_by_global_norm({a, Tensor(), b}, 2.5);
  CHECK_CLOSE(norm, 5.0, 1e-15);
  REQUIRE(clipped.size() == 3);
  CHECK_CLOSE(clipped[0], {1.5, 0}, 1e-15);
  CHECK_FALSE(clipped[1].defined());
  CHECK_CLOSE(clipped[2], {0, 2}, 1e-15);
  CHECK_CLOSE(clip_by_global_norm({a, b}, 10).first[0], {3, 0}, 1e-15);
  CHECK_CLOSE(clip_by_global_norm({a, tensor({INFINITY})}, 1).first[0], {NAN, NAN});
  CHECK_CLOSE(global_norm({a, Tensor(), b}), 5.0, 1e-15);
  const Tensor zero = zeros({2}, float64);
  GradientTape tape;
  tape.watch(zero);
  CHECK_CLOSE(tape.gradient(global_norm({zero}), zero), {0, 0});
  CHECK_CLOSE(clip_by_global_norm({zero}, 1).first[0], {0, 0});
  const GradientCheck check = check_gradients(
      [](const Tensor& x, const Tensor& y) {
        return reduce_sum(square(clip_by_global_norm({x, y}, 1).first[0]));
      },
      some({3}), some({2, 2}));
  CHECK_MESSAGE(check, check.message);
  CHECK_THROWS_TEXT(ValueError, "[clip_by_global_norm] expected at least one tensor, received 1 empty ones",
                    clip_by_global_norm({Tensor()}, 1));
  CHECK_THROWS_TEXT(TypeError, "[global_norm] dtypes differ: float64 and float32, cast one of them",
                    global_norm({a, ones({2})}));
  CHECK_THROWS_TEXT(TypeError, "[global_norm] expected a floating tensor, received int64",
                    global_norm({ones({2}, int64)}));
}
