#include "support/check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstring>

#include "kernels/dispatch.hpp"

namespace xtape::testing {
namespace {

/// "[1, 2]" for the element at a position in row-major order.
std::string index_of(std::size_t position, const std::optional<Shape>& shape) {
  if (!shape) return fmt::format("[{}]", position);
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape->rank()));
  auto rest = static_cast<std::int64_t>(position);
  for (int axis = shape->rank() - 1; axis >= 0; --axis) {
    index[static_cast<std::size_t>(axis)] = rest % (*shape)[axis];
    rest /= (*shape)[axis];
  }
  return fmt::format("[{}]", fmt::join(index, ", "));
}

std::string describe(const Values& values) {
  return fmt::format("{} {}", values.type,
                     values.shape ? values.shape->str() : fmt::format("of {}", values.elements.size()));
}

/// Whether both are defined and of one shape and dtype.
Report comparable(const Tensor& actual, const Tensor& expected) {
  if (!actual.defined() || !expected.defined()) {
    return {false, fmt::format("  actual is {}, expected is {}", actual.defined() ? "a tensor" : "empty",
                               expected.defined() ? "a tensor" : "empty")};
  }
  if (actual.shape() == expected.shape() && actual.dtype() == expected.dtype()) return {};
  return {false, fmt::format("  actual {} {}, expected {} {}", name(actual.dtype()), actual.shape().str(),
                             name(expected.dtype()), expected.shape().str())};
}

template <class Equal>
Report same_elements(const Tensor& actual, const Tensor& expected, const Equal& equal) {
  Report report = comparable(actual, expected);
  if (!report.ok) return report;
  kernels::visit(actual.dtype(), [&]<class T>(kernels::Type<T>) {
    const auto a = actual.data<T>(), e = expected.data<T>();
    std::size_t first = a.size(), different = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (equal(a[i], e[i])) continue;
      if (different++ == 0) first = i;
    }
    if (different == 0) return;
    const auto text = [](T value) {
      if constexpr (std::is_same_v<T, BFloat16>) {
        return fmt::format("{} (bits {:x})", static_cast<float>(value), value.bits);
      } else {
        return fmt::format("{}", value);
      }
    };
    report = {false, fmt::format("  {} of {} elements differ, the first at {}: actual {}, expected {}", different,
                                 a.size(), index_of(first, actual.shape()), text(a[first]), text(e[first]))};
  });
  return report;
}

}  // namespace

Values::Values(const Tensor& t) : shape(t.shape()), type(name(t.dtype())) {
  kernels::visit(t.dtype(), [&]<class T>(kernels::Type<T>) {
    for (const T value : t.data<T>()) {
      if constexpr (std::is_same_v<T, BFloat16>) {
        elements.push_back(static_cast<float>(value));
      } else {
        elements.push_back(static_cast<double>(value));
      }
    }
  });
}

Report close(const Values& actual, const Values& expected, double rtol, double atol) {
  const auto &a = actual.elements, &e = expected.elements;
  if (a.size() != e.size() || (actual.shape && expected.shape && *actual.shape != *expected.shape)) {
    return {false, fmt::format("  shapes differ: actual {}, expected {}", describe(actual), describe(expected))};
  }
  std::size_t first = 0, bad = 0, worst_absolute = 0, worst_relative = 0;
  double absolute = -1, relative = -1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == e[i] || (std::isnan(a[i]) && std::isnan(e[i]))) continue;
    // Written so that a NaN on one side only is an error, of infinite size.
    double error = std::abs(a[i] - e[i]);
    if (std::isnan(error)) error = INFINITY;
    const double to_size = error / std::abs(e[i]);
    const bool fits = std::isfinite(e[i]) && error <= atol + rtol * std::abs(e[i]);
    if (!fits && bad++ == 0) first = i;
    if (error > absolute) absolute = error, worst_absolute = i;
    if (!(to_size <= relative)) relative = to_size, worst_relative = i;
  }
  if (bad == 0) return {};
  const auto& shape = actual.shape ? actual.shape : expected.shape;
  return {false,
          fmt::format("  {} of {} elements differ beyond rtol {} and atol {}; actual is {}, expected is {}\n"
                      "  first at {}: actual {}, expected {}\n"
                      "  largest absolute error {:.3g} at {}, largest relative error {:.3g} at {}",
                      bad, a.size(), rtol, atol, describe(actual), describe(expected), index_of(first, shape), a[first],
                      e[first], absolute, index_of(worst_absolute, shape), relative, index_of(worst_relative, shape))};
}

Report same(const Tensor& actual, const Tensor& expected) {
  return same_elements(actual, expected, []<class T>(T a, T e) {
    if constexpr (std::is_same_v<T, BFloat16>) {
      const auto x = static_cast<float>(a), y = static_cast<float>(e);
      return x == y || (x != x && y != y);
    } else {
      return a == e || (a != a && e != e);
    }
  });
}

Report same_bits(const Tensor& actual, const Tensor& expected) {
  return same_elements(actual, expected,
                       []<class T>(const T& a, const T& e) { return std::memcmp(&a, &e, sizeof a) == 0; });
}

}  // namespace xtape::testing
