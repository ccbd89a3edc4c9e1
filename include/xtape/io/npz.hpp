#pragma once

#include <string>

#include "xtape/core/tensor.hpp"
#include "xtape/io/named_tensors.hpp"

namespace xtape::io {

/// Reads the arrays of an npz file (numpy.savez, savez_compressed), in its order. Throws the DataErrors of load_npy,
/// with the name of the array, and a DataError for an archive that is damaged, has members that share bytes, or is
/// beyond the limit of io/limits.hpp.
NamedTensors load_npz(const std::string& path);

/// Keyword arguments of save_npz().
struct NpzOptions {
  bool compressed = false;  ///< as numpy.savez_compressed
};

/// Writes tensors as numpy.savez does. The file appears whole or not at all. Throws the errors of save_npy and a
/// ValueError for a name that is given twice.
void save_npz(const std::string& path, const NamedTensors& tensors, const NpzOptions& options = {});

}  // namespace xtape::io
