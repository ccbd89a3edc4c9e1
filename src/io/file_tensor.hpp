#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// No array of a file may have more axes (NumPy's limit).
inline constexpr std::size_t max_file_axes = 32;

/// The bytes that the elements take; nothing if the product of the sizes other than 0 does not fit into 63 bits.
std::optional<std::uint64_t> bytes_of(std::span<const std::uint64_t> sizes, std::size_t element_bytes);

/// Memory for elements of a file; a DataError "[op] path: no memory ..." when there is none.
Tensor make_file_tensor(const char* op, const std::string& path, const Shape& shape, DType dtype);

/// The Shape of sizes for which bytes_of has returned a number.
Shape shape_of(std::span<const std::uint64_t> sizes);

}  // namespace xtape::detail
