#pragma once

#include <string>

#include "xtape/core/tensor.hpp"

namespace xtape::io {

/// The tensor in a file of the IDX format, in which MNIST and its relatives are published; a file compressed by gzip
/// (by its first bytes, whatever its name) is decompressed. One to four axes of uint8, int32, float32 or float64
/// elements.
///
/// Throws a DataError that names the file, what was expected and what was received: for a file that is missing, of
/// another format, shorter or longer than its header says, damaged, or compressed and beyond the limit of
/// io/limits.hpp.
Tensor read_idx(const std::string& path);

}  // namespace xtape::io
