#pragma once

#include <string>

#include "xtape/io/named_tensors.hpp"

namespace xtape::io {

/// All datasets of numbers in an HDF5 file, under their paths ("layers/dense/vars/0"), depth first; of a .keras archive
/// those of its weights. float16 becomes float32; int8, int16 and uint16 int32; uint32 and uint64 int64. Throws a
/// DataError that names the file when it is missing, damaged or not HDF5, when it leads to other files, and for a
/// dataset that does not hold numbers.
NamedTensors load_hdf5(const std::string& path);

/// Writes tensors as datasets, contiguous and little-endian, under names in which '/' separates groups. The file is
/// replaced as a whole. Throws a ValueError for a name that is given twice or is a part of another, a DataError that
/// names the file when it cannot be written.
void save_hdf5(const std::string& path, const NamedTensors& tensors);

}  // namespace xtape::io
