#pragma once

#include <fmt/core.h>

#include <iosfwd>
#include <string>

#include "xtape/base/format.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"

// Printing with fmt and with streams: `fmt::print("{}", x)` and `std::cout << x` show what NumPy's print shows.
// A format specification applies to every element: `fmt::print("{:.3f}", x)`.
namespace xtape {
/// Writes what `fmt::print("{}", x)` prints.
std::ostream& operator<<(std::ostream& stream, const Tensor& tensor);
std::ostream& operator<<(std::ostream& stream, const Variable& variable);

namespace detail {

template <>
std::string formatted(const Tensor& tensor, fmt::string_view specification);
template <>
std::string formatted(const Variable& variable, fmt::string_view specification);

}  // namespace detail
}  // namespace xtape

template <>
struct fmt::formatter<xtape::Tensor> : xtape::detail::Formatter {};
template <>
struct fmt::formatter<xtape::Variable> : xtape::detail::Formatter {};
