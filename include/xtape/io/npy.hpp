#pragma once

#include <string>

#include "xtape/core/tensor.hpp"

namespace xtape::io {

/// Reads an array that NumPy has saved (numpy.save; the npy format 1.0 to 3.0), of either byte order and either order
/// of axes. float32, float64, int32, int64, uint8 and bool keep their dtype; int8, int16 and uint16 become int32;
/// uint32 and uint64 become int64; float16 becomes float32.
///
/// Throws a DataError that names the file: when it is missing, of another format, shorter or longer than its header
/// says or damaged, holds elements of another type (text, objects, complex numbers, structures) or a uint64 beyond
/// int64.
Tensor load_npy(const std::string& path);

/// Writes what numpy.save would write. The file appears whole or not at all. Throws a TypeError for bfloat16, which
/// NumPy does not have, a ValueError for an empty tensor, a DataError when the file cannot be written.
void save_npy(const std::string& path, const Tensor& tensor);

}  // namespace xtape::io
