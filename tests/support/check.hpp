#pragma once

#include <doctest/doctest.h>

#include <exception>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"

// Checks whose failures show where two arrays differ and by how much, or the actual text of an exception.

/// CHECK_CLOSE(actual, expected, rtol = 1e-6, atol = 0): |actual - expected| <= atol + rtol |expected| everywhere; NaN
/// matches NaN and an infinity itself. Each side is a Tensor, a Variable, a vector, a span, a number or a list of
/// numbers in braces, which is compared in row-major order; shapes are compared where both sides have one, dtypes are
/// not.
#define CHECK_CLOSE(...) XTAPE_CHECK_REPORT("CHECK_CLOSE", ::xtape::testing::close(__VA_ARGS__), #__VA_ARGS__)

/// CHECK_TENSOR_EQ(actual, expected): the same dtype, shape and values; NaN equals NaN and -0 equals 0.
#define CHECK_TENSOR_EQ(...) XTAPE_CHECK_REPORT("CHECK_TENSOR_EQ", ::xtape::testing::same(__VA_ARGS__), #__VA_ARGS__)

/// CHECK_SAME_BITS(actual, expected): the same dtype, shape and bits.
#define CHECK_SAME_BITS(...) \
  XTAPE_CHECK_REPORT("CHECK_SAME_BITS", ::xtape::testing::same_bits(__VA_ARGS__), #__VA_ARGS__)

/// CHECK_THROWS_TEXT(ValueError, "[matmul] inner dimensions differ", matmul(a, b)): the expression throws the type, or
/// one derived from it, with the text in its what().
#define CHECK_THROWS_TEXT(exception, text, ...)                                                                        \
  XTAPE_CHECK_REPORT("CHECK_THROWS_TEXT",                                                                              \
                     (::xtape::testing::throws<exception>(#exception, text, [&] { static_cast<void>(__VA_ARGS__); })), \
                     #__VA_ARGS__)

#define XTAPE_CHECK_REPORT(check, comparison, source)                            \
  do {                                                                           \
    const ::xtape::testing::Report xtape_report = (comparison);                  \
    CHECK_MESSAGE(xtape_report.ok, (check "(" source ")\n"), xtape_report.text); \
  } while (false)

namespace xtape::testing {

/// The outcome of a comparison, and what to print where it failed.
struct Report {
  bool ok = true;
  std::string text;
};

/// One side of CHECK_CLOSE.
struct Values {
  Values(const Tensor& t);
  Values(const Variable& v) : Values(v.peek()) {}
  Values(double number) : elements{number}, shape{Shape{}}, type("number") {}
  Values(std::initializer_list<double> list) : elements(list) {}
  template <class T>
  Values(const std::vector<T>& vector) : elements(vector.begin(), vector.end()) {}
  template <class T>
  Values(std::span<T> span) : elements(span.begin(), span.end()) {}

  std::vector<double> elements;
  std::optional<Shape> shape;
  std::string type = "list";
};

Report close(const Values& actual, const Values& expected, double rtol = 1e-6, double atol = 0);
Report same(const Tensor& actual, const Tensor& expected);
Report same_bits(const Tensor& actual, const Tensor& expected);

template <class Exception, class F>
Report throws(const std::string& name, const std::string& text, const F& f) {
  try {
    f();
  } catch (const Exception& e) {
    std::string what;
    if constexpr (std::is_base_of_v<std::exception, Exception>) {
      what = e.what();
    } else {
      what = e.message();  // xtape::Error
    }
    return {what.find(text) != std::string::npos, "  expected a text with: " + text + "\n  received: " + what};
  } catch (const std::exception& e) {
    return {false, "  expected a " + name + ", received a " + typeid(e).name() + ": " + e.what()};
  }
  return {false, "  expected a " + name + ", nothing was thrown"};
}

}  // namespace xtape::testing
