#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <iosfwd>
#include <string>

#include "xtape/base/dtype.hpp"
#include "xtape/base/shape.hpp"

// Printing shapes and dtypes with fmt and with streams; xtape/core/format.hpp has tensors.
namespace xtape {
/// Writes what `fmt::print("{}", x)` prints.
std::ostream& operator<<(std::ostream& stream, const Shape& shape);
std::ostream& operator<<(std::ostream& stream, DType dtype);

namespace detail {

/// The value as `"{:specification}"` prints it; specialised for each class that has a formatter. Throws a ValueError
/// for a specification that does not suit the elements.
template <class T>
std::string formatted(const T& value, fmt::string_view specification) = delete;
template <>
std::string formatted(const Shape& shape, fmt::string_view specification);
template <>
std::string formatted(const DType& dtype, fmt::string_view specification);

/// A fmt::formatter that only stores the specification, so that programs do not have to include <fmt/format.h>.
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
    // Not fmt::format_to(): clang++ and a libfmt that g++ has compiled give its function different names.
    const std::string text = formatted<T>(value, specification);
    return std::copy(text.begin(), text.end(), context.out());
  }
};

}  // namespace detail
}  // namespace xtape

template <>
struct fmt::formatter<xtape::Shape> : xtape::detail::Formatter {};
template <>
struct fmt::formatter<xtape::DType> : xtape::detail::Formatter {};
