#pragma once

#include <fmt/core.h>

#include <iosfwd>
#include <string>

#include "xtape/core/dtype.hpp"
#include "xtape/core/shape.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"

// Printing with fmt and with streams: `fmt::print("{}", x)` and `std::cout << x` show what NumPy's print shows.
// A format specification applies to every element: `fmt::print("{:.3f}", x)`.
namespace xtape {

std::ostream& operator<<(std::ostream& stream, const Tensor& tensor);
std::ostream& operator<<(std::ostream& stream, const Variable& variable);
std::ostream& operator<<(std::ostream& stream, const Shape& shape);
std::ostream& operator<<(std::ostream& stream, DType dtype);

namespace detail {

/// Throw a ValueError for a specification that does not suit the elements.
std::string formatted(const Tensor& tensor, fmt::string_view specification);
std::string formatted(const Variable& variable, fmt::string_view specification);
std::string formatted(const Shape& shape, fmt::string_view specification);
std::string formatted(DType dtype, fmt::string_view specification);

/// A fmt::formatter that hands the specification on, so that <fmt/format.h> is needed in the library only.
struct Formatter {
  fmt::string_view specification = "";

  constexpr auto parse(fmt::format_parse_context& context) {
    const auto* end = context.begin();
    while (end != context.end() && *end != '}') ++end;
    specification = {context.begin(), static_cast<std::size_t>(end - context.begin())};
    return end;
  }
  template <class T, class Context>
  auto format(const T& value, Context& context) const {
    return fmt::format_to(context.out(), "{}", formatted(value, specification));
  }
};

}  // namespace detail
}  // namespace xtape

template <>
struct fmt::formatter<xtape::Tensor> : xtape::detail::Formatter {};
template <>
struct fmt::formatter<xtape::Variable> : xtape::detail::Formatter {};
template <>
struct fmt::formatter<xtape::Shape> : xtape::detail::Formatter {};
template <>
struct fmt::formatter<xtape::DType> : xtape::detail::Formatter {};
