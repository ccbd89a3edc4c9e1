#pragma once

#include <fmt/core.h>

#include <iosfwd>
#include <string>
#include <vector>

#include "xtape/base/format.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/core/tensor_list.hpp"
#include "xtape/core/variable.hpp"

// Printing with fmt and with streams: `fmt::print("{}", x)` and `std::cout << x` show what NumPy's print shows, lists
// of tensors or variables in Python's brackets. A format specification applies to every element: `fmt::print("{:.3f}",
// x)`.
namespace xtape {
/// Writes what `fmt::print("{}", x)` prints.
std::ostream& operator<<(std::ostream& stream, const Tensor& tensor);
std::ostream& operator<<(std::ostream& stream, const Variable& variable);
std::ostream& operator<<(std::ostream& stream, const Tensors& tensors);
std::ostream& operator<<(std::ostream& stream, const std::vector<Tensor>& tensors);
std::ostream& operator<<(std::ostream& stream, const std::vector<Variable>& variables);

namespace detail {

template <>
std::string formatted(const Tensor& tensor, fmt::string_view specification);
template <>
std::string formatted(const Variable& variable, fmt::string_view specification);
template <>
std::string formatted(const Tensors& tensors, fmt::string_view specification);
template <>
std::string formatted(const TensorList& tensors, fmt::string_view specification);
template <>
std::string formatted(const std::vector<Tensor>& tensors, fmt::string_view specification);
template <>
std::string formatted(const std::vector<Variable>& variables, fmt::string_view specification);

}  // namespace detail
}  // namespace xtape

template <>
struct fmt::formatter<xtape::Tensor> : xtape::detail::Formatter {};
template <>
struct fmt::formatter<xtape::Variable> : xtape::detail::Formatter {};
template <>
struct fmt::formatter<xtape::Tensors> : xtape::detail::Formatter {};
template <>
struct fmt::formatter<xtape::TensorList> : xtape::detail::Formatter {};
template <>
struct fmt::formatter<std::vector<xtape::Tensor>> : xtape::detail::Formatter {};
template <>
struct fmt::formatter<std::vector<xtape::Variable>> : xtape::detail::Formatter {};
