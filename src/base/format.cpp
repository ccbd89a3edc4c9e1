#include "xtape/base/format.hpp"

#include <fmt/format.h>

#include <ostream>

namespace xtape {

std::ostream& operator<<(std::ostream& stream, const Shape& shape) { return stream << shape.str(); }
std::ostream& operator<<(std::ostream& stream, DType dtype) { return stream << name(dtype); }

namespace detail {
namespace {

std::string formatted_text(const std::string& text, fmt::string_view specification) {
  if (specification.size() == 0) return text;
  return fmt::format(fmt::runtime(fmt::format("{{:{}}}", specification)), text);
}

}  // namespace

template <>
std::string formatted(const Shape& shape, fmt::string_view specification) {
  return formatted_text(shape.str(), specification);
}
template <>
std::string formatted(const DType& dtype, fmt::string_view specification) {
  return formatted_text(name(dtype), specification);
}

}  // namespace detail
}  // namespace xtape
