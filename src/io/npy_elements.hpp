#pragma once

#include <string>

#include "io/byte_source.hpp"
#include "io/npy_header.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// The tensor in the bytes of an npy file, to the end of the source. Throws the DataErrors of load_npy.
Tensor read_npy(ByteSource& source);
/// The same, after the header has been read.
Tensor read_npy_elements(ByteSource& source, const NpyHeader& header);

/// The header that NumPy writes before the elements of a tensor. Throws the errors of save_npy.
std::string npy_header_of(const char* op, const Tensor& t);

}  // namespace xtape::detail
