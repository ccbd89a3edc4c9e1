#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// No array of a file may have more axes (NumPy's limit).
inline constexpr std::size_t most_file_axes = 32;

/// The bytes that the elements take; nothing where the sizes, those of 0 left aside, do not fit into 63 bits.
std::optional<std::uint64_t> bytes_of(std::span<const std::uint64_t> sizes, std::size_t element_bytes);

/// Memory for elements of a file; a DataError "[op] path: no memory ..." when there is none.
Tensor make_file_tensor(const char* op, const std::string& path, const Shape& shape, DType dtype);

/// A Shape of sizes that have passed bytes_of.
Shape shape_of(std::span<const std::uint64_t> sizes);

}  // namespace xtape::detail
